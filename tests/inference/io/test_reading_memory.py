"""Decoding slice after slice does not fetch the same memory from the system again and again."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
_SCRIPT = """
import resource, sys, threading
import numpy as np
from inference.io.memory import reuse_freed_memory

def slices():
    for _ in range(100):
        parts = [np.ones(1 << 20, np.uint8) for _ in range(3)]
        del parts

if sys.argv[1] == "reused":
    reuse_freed_memory()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
worker = threading.Thread(target=slices)
worker.start()
worker.join()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(how: str) -> int:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", _SCRIPT, how], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc's allocator is told")
def test_memory_of_a_slice_serves_the_next_one() -> None:
    assert page_faults("reused") < page_faults("as the system does") / 5
