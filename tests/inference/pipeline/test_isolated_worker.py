"""The worker process: what comes back, what a death, a kill and a cancel leave behind."""

from __future__ import annotations

import os
import pickle
import random
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest

from inference.pipeline.cancellation import CancellationToken
from inference.pipeline.events import Ending, Event, Failed, PartialResult, Succeeded, WasCancelled
from inference.pipeline.isolated import IsolatedRunner, Run, SharedVolume
from inference.pipeline.messages import pack, unpack
from inference.pipeline.shared import SharedArray, sweep
from inference.verdict import Verdict
from tests.helpers.phantoms import chest
from tests.helpers.systems import PREFIX


@pytest.fixture
def runner() -> Iterator[IsolatedRunner]:
    made = IsolatedRunner()
    yield made
    made.close()


@pytest.fixture(scope="module")
def shared() -> Iterator[SharedVolume]:
    volume = chest(disease="right").volume
    voxels = SharedArray(volume.array.shape, np.int16)
    voxels.array[...] = volume.array
    yield SharedVolume(replace(volume, array=voxels.array), voxels)
    voxels.release()


def _run(
    runner: IsolatedRunner,
    shared: SharedVolume,
    factory: str,
    token: CancellationToken | None = None,
    events: list[Event] | None = None,
) -> tuple[Ending, Run]:
    buffers = Run.allocate(shared.volume.geometry.shape)
    heard = [] if events is None else events
    ending = runner.run(PREFIX + factory, shared, Verdict(), buffers, heard.append, token or CancellationToken())
    return ending, buffers


def _shared_files() -> set[str]:
    return {path.name for path in Path("/dev/shm").glob(f"groundglass-{os.getpid()}-*")}


def test_findings_come_back_with_masks_in_the_owners_buffers(runner: IsolatedRunner, shared: SharedVolume) -> None:
    events: list[Event] = []
    ending, buffers = _run(runner, shared, "instant", events=events)
    assert isinstance(ending, Succeeded)
    assert ending.findings.output.lungs.array is buffers.masks["lungs"]
    assert ending.findings.output.lesions.array.any()
    assert ending.findings.severity.percentage_of_infection is not None
    assert [event.name for event in events if isinstance(event, PartialResult)] == ["lungs", "lesions"]
    assert not any(isinstance(event, Succeeded) for event in events)


def test_the_worker_is_another_process_and_is_kept_for_the_next_run(
    runner: IsolatedRunner, shared: SharedVolume
) -> None:
    pids: set[int | None] = set()

    def listen(event: Event) -> None:
        pids.add(runner.worker_pid)

    for _ in range(2):
        buffers = Run.allocate(shared.volume.geometry.shape)
        runner.run(PREFIX + "instant", shared, Verdict(), buffers, listen, CancellationToken())
    assert len(pids) == 1
    assert os.getpid() not in pids and None not in pids


@pytest.mark.parametrize(
    ("factory", "code", "words"),
    [
        ("killed", "WorkerDied", "Retry"),
        ("out_of_memory", "MemoryError", "not enough memory"),
        ("refused", "InputShapeError", "needs Hounsfield units"),
        ("bug", "InternalError", "KeyError at tests.helpers.systems"),
    ],
)
def test_every_failure_is_one_ending_with_one_sentence(
    runner: IsolatedRunner, shared: SharedVolume, factory: str, code: str, words: str
) -> None:
    ending, _ = _run(runner, shared, factory)
    assert isinstance(ending, Failed)
    assert ending.code == code
    assert words in ending.message
    assert "Quillfeather" not in ending.message
    assert isinstance(_run(runner, shared, "instant")[0], Succeeded)


def test_cancel_takes_effect_in_native_code_that_looks_at_nothing(runner: IsolatedRunner, shared: SharedVolume) -> None:
    token = CancellationToken()
    threading.Timer(1.0, token.cancel).start()
    ending, _ = _run(runner, shared, "hang", token)
    assert isinstance(ending, WasCancelled)
    assert runner.worker_pid is None


def test_fifty_kills_at_random_moments_give_fifty_single_endings_and_leave_nothing(shared: SharedVolume) -> None:
    before = _shared_files()
    rng = random.Random(5)
    runner = IsolatedRunner()
    slowest = 0.0
    for _ in range(50):
        runner.warm_up()
        killed_at: list[float] = []

        def kill(killed_at: list[float] = killed_at) -> None:
            while runner.worker_pid is None:
                time.sleep(0.001)
            time.sleep(rng.random() * 0.9)
            pid = runner.worker_pid
            if pid is not None and psutil.pid_exists(pid):
                killed_at.append(time.monotonic())
                psutil.Process(pid).kill()

        killer = threading.Thread(target=kill)
        killer.start()
        ending, buffers = _run(runner, shared, "slow")
        killer.join()
        assert isinstance(ending, Failed), ending
        assert ending.code == "WorkerDied"
        slowest = max(slowest, time.monotonic() - killed_at[0])
        assert _shared_files() == before
        del buffers
    assert slowest < 2.0  # a promise of the design, not a speed: an ending that takes longer is a hang
    runner.close()
    assert psutil.Process().children(recursive=True) == [] or all(
        "resource_tracker" in " ".join(child.cmdline()) for child in psutil.Process().children()
    )


def test_a_volume_cannot_slip_through_the_pipe() -> None:
    with pytest.raises(pickle.PicklingError, match="shared memory"):
        pack({"mask": np.zeros((100, 100, 100), np.uint8)}, {})


def test_named_arrays_become_the_receivers_own() -> None:
    here, there = np.zeros((80, 80, 80), np.uint8), np.ones((80, 80, 80), np.uint8)
    message = unpack(pack({"mask": here, "n": 3}, {"lungs": here}), {"lungs": there})
    assert message["mask"] is there
    assert message["n"] == 3


def test_sweep_removes_what_dead_owners_left_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    dead = tmp_path / "groundglass-999999999-0.shared"
    mine = tmp_path / f"groundglass-{os.getpid()}-0.shared"
    other = tmp_path / "notes-999999999-0.shared"
    for path in (dead, mine, other):
        path.write_bytes(b"x")
    assert sweep() >= 1
    assert not dead.exists()
    assert mine.exists() and other.exists()


def test_without_shared_memory_the_temporary_folder_serves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("inference.pipeline.shared._MEMORY", tmp_path / "absent")
    made = SharedArray((3, 4), np.int16)
    made.array[2, 3] = 7
    assert Path(made.handle.path).parent == tmp_path
    assert made.handle.open(writable=False)[2, 3] == 7
    made.release()
    assert list(tmp_path.iterdir()) == []


def test_shared_files_are_the_owners_alone(shared: SharedVolume) -> None:
    assert Path(shared.voxels.handle.path).stat().st_mode & 0o077 == 0
