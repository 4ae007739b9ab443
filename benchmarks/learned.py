"""How fast the learned systems are on 300 slices: ``python -m benchmarks.learned [--agreement] [--data DIR]``.

The made-up thorax, resampled to 300 x 512 x 512, goes through the default system as the window runs it, in a process
of its own; a plain U-Net on DenseNet-161 of segmentation-models-pytorch (random weights, torch, one slice of 256 px at
a time), which anyone would try first, goes over the same slices in the same run. Seconds depend on the machine, so the
ratio stands beside them. ``--agreement`` runs every system that has weights as well. ``--data`` names a folder that
holds ``covid-ct-md/cap-001``, a development case, to run instead. Weights are the installed ones, or those of the
folder that GROUNDGLASS_WEIGHTS names.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from inference.demo.parameters import DemoParameters
from inference.demo.thorax import generate
from inference.io.open import load, scan
from inference.verdict import Verdict
from inference.volume import Volume, VolumeGeometry

SLICES, SIDE, PEER_SIDE = 300, 512, 256
_MIB = 2**20


def made_up() -> Volume:
    """The small demo study at 300 x 512 x 512, with fresh noise so that no two slices are alike."""
    import cv2

    small = generate(DemoParameters.small()).volume
    canonical, _ = small.canonical()
    rng = np.random.default_rng(0)
    out = np.empty((SLICES, SIDE, SIDE), np.int16)
    depth = canonical.array.shape[0]
    for k in range(SLICES):
        fine = cv2.resize(canonical.array[k * depth // SLICES].astype(np.float32), (SIDE, SIDE))
        out[k] = fine + rng.integers(-15, 16, (SIDE, SIDE))
    affine = canonical.geometry.affine.copy()
    for column, (new, old) in enumerate(zip(out.shape[::-1], canonical.array.shape[::-1], strict=True)):
        affine[:3, column] *= old / new
    return Volume(out, VolumeGeometry(out.shape, affine, ""), small.units, patient_position=small.patient_position)


def volume_of(data: Path | None) -> Volume:
    """The made-up study, or cap-001."""
    if data is None:
        return made_up()
    study = scan(data / "covid-ct-md" / "cap-001")
    return load(study.series[study.proposed or 0], study=study).volume


def run_system(volume: Volume, name: str, agreement: bool) -> dict[str, Any]:
    """Seconds until the lungs are shown, until the end, and of each stage; peak memory above the volume."""
    from inference.pipeline.analyse import analyse
    from inference.pipeline.events import Event, PartialResult

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    shown: dict[str, float] = {}
    started, processor = time.perf_counter(), time.process_time()

    def emit(event: Event) -> None:
        if isinstance(event, PartialResult):
            shown.setdefault(event.name, time.perf_counter() - started)

    findings, _ = analyse(name, volume, Verdict(), emit=emit, agreement=agreement)
    seconds = time.perf_counter() - started
    output = findings.output
    return {
        "seconds": seconds,
        "processor": time.process_time() - processor,
        "shown": shown,
        "stages": dict(findings.timing_s),
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before,
        "lung_slices": int((output.lungs.array > 0).any(axis=(1, 2)).sum()),
        "lesion_slices": int((output.lesions.array > 0).any(axis=(1, 2)).sum()),
        "systems": len(output.agreement.systems) if output.agreement else 1,
        "weights": [one.name for one in output.provenance.weights],
        "warnings": [one.code for one in output.warnings],
    }


def run_peer(slices: int) -> tuple[float, float]:
    """Wall and processor seconds of the plain network over so many slices."""
    import segmentation_models_pytorch as smp
    import torch

    network = smp.Unet("densenet161", encoder_weights=None, in_channels=1, classes=1).eval()
    image = torch.randn(1, 1, PEER_SIDE, PEER_SIDE)
    looked_at = min(slices, 24)
    with torch.no_grad():
        network(image)
        started, processor = time.perf_counter(), time.process_time()
        for _ in range(looked_at):
            network(image)
    share = slices / looked_at
    return share * (time.perf_counter() - started), share * (time.process_time() - processor)


def in_process_of_its_own(arguments: list[str]) -> dict[str, Any]:
    """This module again, with the arguments; what it printed as JSON."""
    command = [sys.executable, "-m", "benchmarks.learned", *arguments]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--system", default="consensus")
    parser.add_argument("--agreement", action="store_true", help="run every system with weights as well")
    parser.add_argument("--data", type=Path, help="the folder of real images")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        print(json.dumps(run_system(volume_of(options.data), options.system, options.agreement)))
        return 0
    passed = ["--worker", "--system", options.system, *(["--data", str(options.data)] if options.data else [])]
    kinds = {options.system: passed} | ({"all systems": [*passed, "--agreement"]} if options.agreement else {})
    found = {name: in_process_of_its_own(arguments) for name, arguments in kinds.items()}
    count = SLICES if options.data is None else volume_of(options.data).array.shape[0]
    wall, processor = run_peer(count)
    print(f"{count} slices, {os.cpu_count()} processors; processor seconds count all threads")
    print("| | seconds | lungs shown after | processor seconds | ratio | memory above the volume, MiB |")
    print("|---|---:|---:|---:|---:|---:|")
    for name, one in found.items():
        shown = dict(one["shown"])
        print(f"| {name} | {one['seconds']:.1f} | {shown.get('lungs', float('nan')):.1f} | {one['processor']:.1f} "
              f"| {processor / one['processor']:.2f} | {one['memory']:.0f} |")  # fmt: skip
    print(f"| plain U-Net/DenseNet-161, masks alone | {wall:.1f} | | {processor:.1f} | 1.00 | |")
    for name, one in found.items():
        stages = ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in dict(one["stages"]).items())
        print(f"{name}: {stages}; {one['lung_slices']} slices with lung, {one['lesion_slices']} with lesions; "
              f"{one['systems']} systems; {', '.join(map(str, one['weights']))}; {one['warnings']}")  # fmt: skip
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
