"""Ctrl-C and its like, at any time and more than once: code 130, one line, nothing left."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from inference.commands.stopping import stoppable
from tests.helpers.phantoms import chest, write_dicom

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_impatient_repetitions_change_neither_code_nor_sentence_and_leave_nothing(name: str, tmp_path: Path) -> None:
    write_dicom(chest(shape=(100, 180, 240), spacing_mm=(3.0, 1.68, 1.6)).volume, tmp_path / "ct")
    command = [sys.executable, "-m", "inference", "analyse", str(tmp_path / "ct"), "--out", str(tmp_path / "out")]
    running = subprocess.Popen([*command, "--system", "densitometry"], cwd=ROOT, stderr=subprocess.PIPE, text=True)
    time.sleep(0.6 + random.Random(name).random())
    for _ in range(6):
        running.send_signal(getattr(signal, name))
        time.sleep(0.04)
    _, said = running.communicate(timeout=60)
    assert (running.returncode, said) == (130, "groundglass: cancelled\n")
    assert [path.name for path in tmp_path.iterdir()] == ["ct"]


def test_interrupt_that_left_executed_text_does_not_kill_the_process_at_its_end(tmp_path: Path) -> None:
    lines = (
        "import inference.commands.stopping as stopping",
        "try:",
        "    exec('raise KeyboardInterrupt')",
        "except KeyboardInterrupt:",
        "    stopping.ignore_repetitions()",
        "raise SystemExit(130)",
    )
    (tmp_path / "interrupted.py").write_text("\n".join(lines), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(tmp_path), str(ROOT)))}
    ended = subprocess.run([sys.executable, "-m", "interrupted"], env=environment, check=False)
    assert ended.returncode == 130  # without: killed by its own SIGINT


def test_hang_up_that_nohup_ignores_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stoppable() as token:
            os.kill(os.getpid(), signal.SIGHUP)
        assert not token.cancelled
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_handlers_are_those_from_before_afterwards() -> None:
    before = signal.getsignal(signal.SIGINT)
    with stoppable() as token:
        with stoppable() as inner:
            assert inner is token
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        assert token.cancelled
    assert signal.getsignal(signal.SIGINT) is before
