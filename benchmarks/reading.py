"""Reading a CT series beside its peers, in one run: ``python -m benchmarks.reading [--data DIR] [--slices N]``.

Writes a series of N slices, 512x512, explicit VR little endian, into a temporary folder, reads it once to warm the
cache, and prints a table: whole load of Groundglass, of SimpleITK's ImageSeriesReader and of a plain pydicom loop;
the time of the first image after the header scan; and the peak of memory, in a process of its own. ``--data`` names
``covid-P001`` (JPEG Lossless), read the same three ways.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROUNDS = 3


def write_series(folder: Path, slices: int, size: int = 512) -> None:
    """A noisy cylinder of water in air: content does not matter here, only that it is as large as a real series."""
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

    random = np.random.default_rng(1)
    rows, columns = np.mgrid[:size, :size]
    inside = (rows - size / 2) ** 2 + (columns - size / 2) ** 2 < (0.4 * size) ** 2
    study, series, frame = generate_uid(), generate_uid(), generate_uid()
    order = random.permutation(slices)
    for k in range(slices):
        meta = FileMetaDataset()
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        meta.MediaStorageSOPClassUID = CTImageStorage
        meta.MediaStorageSOPInstanceUID = generate_uid()
        data: Any = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
        data.SOPClassUID, data.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
        data.StudyInstanceUID, data.SeriesInstanceUID, data.FrameOfReferenceUID = study, series, frame
        data.Modality, data.PatientPosition, data.BodyPartExamined = "CT", "HFS", "CHEST"
        data.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        data.InstanceNumber = k + 1
        data.ImagePositionPatient, data.ImageOrientationPatient = [-180.0, -180.0, 0.75 * k], [1, 0, 0, 0, 1, 0]
        data.PixelSpacing, data.SliceThickness = [0.7, 0.7], 0.75
        data.RescaleSlope, data.RescaleIntercept = 1, -1024
        data.Rows = data.Columns = size
        data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
        data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 12, 11, 0
        noise = random.integers(0, 40, inside.shape, dtype=np.uint16)
        data.PixelData = (np.where(inside, 1024, 24).astype(np.uint16) + noise).tobytes()
        data.save_as(folder / f"IM{order[k]:04d}.dcm", enforce_file_format=True)


def groundglass(folder: Path) -> tuple[float, float, float, np.ndarray]:
    """Seconds of the scan, from there to the first image, and of both with the whole load; and the voxels."""
    from inference.io.open import load, scan

    first: list[float] = []
    start = time.perf_counter()
    study = scan(folder)
    scanned = time.perf_counter()
    loaded = load(study.series[0], study=study, on_first_image=lambda _: first.append(time.perf_counter()))
    return scanned - start, first[0] - scanned, time.perf_counter() - start, loaded.volume.array


def simpleitk(folder: Path) -> np.ndarray:
    """The reader that most scripts use; it sorts by position itself."""
    import SimpleITK as sitk  # noqa: N813

    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder)))
    return sitk.GetArrayFromImage(reader.Execute())


def naive(folder: Path) -> np.ndarray:
    """The loop of the tutorials."""
    from pydicom import dcmread

    slices = sorted((dcmread(path) for path in folder.iterdir()), key=lambda s: float(s.ImagePositionPatient[2]))
    hounsfield = [s.pixel_array * float(s.RescaleSlope) + float(s.RescaleIntercept) for s in slices]
    return np.stack(hounsfield).astype(np.int16)


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock, and of the processor."""
    clock, before = time.perf_counter(), os.times()
    work()
    after = os.times()
    return time.perf_counter() - clock, after.user + after.system - before.user - before.system


def compare(title: str, folder: Path) -> None:
    """Print one block of the table; the peers take turns, so that a busy machine slows all of them alike."""
    reference = simpleitk(folder)
    ours = groundglass(folder)[3]
    same = "same voxels" if np.array_equal(ours, reference) else "VOXELS DIFFER"
    del ours
    peers: dict[str, Callable[[], object]] = {
        "Groundglass, scan and load": lambda: parts.append(groundglass(folder)[:2]),
        "SimpleITK ImageSeriesReader": lambda: simpleitk(folder),
        "pydicom loop": lambda: naive(folder),
    }
    parts: list[tuple[float, float]] = []
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in peers}
    for _ in range(ROUNDS):
        for name, work in peers.items():
            seconds[name].append(timed(work))
    median = {name: [statistics.median(run[n] for run in runs) for n in range(2)] for name, runs in seconds.items()}
    print(f"\n{title}: {' x '.join(map(str, reference.shape))}, median of {ROUNDS}, warm cache ({same})")
    print(f"  {'':34}{'seconds':>9}{'ratio':>8}{'processor':>11}{'ratio':>8}")
    ours_clock, ours_cpu = median["Groundglass, scan and load"]
    for name, (clock, cpu) in median.items():
        print(f"  {name:34}{clock:9.2f}{clock / ours_clock:8.2f}{cpu:11.2f}{cpu / ours_cpu:8.2f}")
    scanned, first = (statistics.median(part[n] for part in parts) for n in range(2))
    print(f"  {'header scan':34}{scanned:9.3f}")
    print(f"  {'first image after the scan':34}{first:9.3f}   (target 0.150)")
    peak = json.loads(subprocess.check_output([sys.executable, __file__, "--peak", str(folder)], text=True))
    print(f"  {'peak memory above idle / volume':34}{peak['ratio']:9.2f}   (target 1.30)")


def report_peak(folder: Path) -> None:
    """Print, as JSON, the peak of resident memory during a load over the bytes of the volume."""
    import psutil

    from inference.io.open import load, scan

    study = scan(folder)
    idle = psutil.Process().memory_info().rss
    loaded = load(study.series[0], study=study)
    print(json.dumps({"ratio": (_peak_bytes() - idle) / loaded.volume.array.nbytes}))


def _peak_bytes() -> int:
    """The highest resident memory of this process so far (on Linux not the one it was forked from)."""
    status = Path("/proc/self/status")
    if status.is_file():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main() -> None:
    """Parse the arguments and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a folder with one JPEG Lossless series (covid-P001)")
    parser.add_argument("--slices", type=int, default=400)
    parser.add_argument("--peak", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.peak:
        report_peak(arguments.peak)
        return
    print(f"{sys.platform}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as temporary:
        write_series(Path(temporary), arguments.slices)
        compare("explicit VR little endian", Path(temporary))
    if arguments.data:
        compare("JPEG Lossless", arguments.data)


if __name__ == "__main__":
    main()
