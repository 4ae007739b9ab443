"""The worker process: waits for one request at a time, runs it, tells what happens over its pipe.

It yields to the window: niced, and first in line when memory runs out.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.errors import GeometryRefused, InferenceError
from inference.findings import Findings
from inference.pipeline.events import Event, Failed, MaskName, Reconstructed, Succeeded
from inference.pipeline.messages import pack
from inference.pipeline.shared import SharedHandle
from inference.quantification.definitions import AssessmentSettings
from inference.systems import weights as stored_weights
from inference.systems.registry import RunOptions
from inference.verdict import Verdict
from inference.volume import LabelMap, Units, Volume, VolumeGeometry

MASKS = ("lungs", "lesions", "rib_cage", "airways")
"""The label maps of a :class:`SystemOutput`, each with a shared buffer of its own."""
HEATMAP, AGREEMENT = "heatmap", "agreement"
BUFFERS: dict[str, type[np.generic]] = {**dict.fromkeys((*MASKS, AGREEMENT), np.uint8), HEATMAP: np.float32}
"""Every shared buffer of a run and the type of its numbers."""
NO_OPTIONS = RunOptions()
PUBLISHED = AssessmentSettings()
SEEN, DRAWN = "seen", "drawn"
"""The shared buffers of a reconstruction, each one slice of float32."""


@dataclass(frozen=True)
class Request:
    """One analysis: the system's factory (``module:function``), the volume in shared memory, where masks go.

    ``lobes`` is a lobe map in shared memory. With ``agreement`` all learned systems run besides. With ``reconstruct``,
    a canonical slice, that slice is drawn again by the multitask network, and nothing is analysed.
    """

    factory: str
    voxels: SharedHandle
    geometry: VolumeGeometry
    units: Units
    padding_hu: int | None
    missing_slices: tuple[int, ...]
    patient_position: str
    verdict: Verdict
    device: str
    config: str
    masks: tuple[tuple[str, SharedHandle], ...]
    options: RunOptions = NO_OPTIONS
    agreement: bool = False
    reconstruct: int | None = None
    settings: AssessmentSettings = PUBLISHED
    lobes: SharedHandle | None = None

    def volume(self) -> Volume:
        """The volume, mapped read-only."""
        voxels = self.voxels.open(writable=False)
        return Volume(voxels, self.geometry, self.units, self.padding_hu, self.missing_slices, self.patient_position)

    def lobe_map(self) -> LabelMap | None:
        """The lobe map, mapped read-only; None without one."""
        return None if self.lobes is None else LabelMap(self.lobes.open(writable=False), self.geometry)


def main(pipe: Connection) -> None:
    """Serve requests until the pipe closes."""
    _yield_to_the_window()
    _import_what_every_run_needs()
    while True:
        try:
            request: Request = pipe.recv()
        except (EOFError, OSError):
            return
        shared = {name: handle.open(writable=True) for name, handle in request.masks}

        def emit(event: Event, shared: dict[str, NDArray[Any]] = shared) -> None:
            pipe.send_bytes(pack(event, shared))

        try:
            emit(_run(request, shared, emit))
        except (BrokenPipeError, ConnectionError):
            return


def _run(request: Request, shared: dict[str, NDArray[Any]], emit: Any) -> Event:
    def publish(name: MaskName, labels: NDArray[np.uint8]) -> None:
        shared[name][...] = labels

    from inference.pipeline.analyse import analyse

    try:
        if request.reconstruct is not None:
            from inference.pipeline.reconstruction import reconstruct

            seen, drawn = reconstruct(request.volume(), request.reconstruct, device=request.device)
            shared[SEEN][...], shared[DRAWN][...] = seen, drawn
            return Reconstructed(shared[SEEN], shared[DRAWN])
        module, function = request.factory.split(":")
        system = getattr(importlib.import_module(module), function)()
        findings, verdict = analyse(
            system, request.volume(), request.verdict, device=request.device, config=request.config, emit=emit,
            publish=publish, options=request.options, agreement=request.agreement, settings=request.settings,
            lobes=request.lobe_map(),
        )  # fmt: skip
        return Succeeded(_share(findings, shared), verdict)
    except GeometryRefused as refused:
        return Failed(type(refused).__name__, str(refused), refused.verdict)
    except InferenceError as error:
        return Failed(type(error).__name__, str(error))
    except MemoryError:
        return Failed(
            "MemoryError", "There was not enough memory for the analysis; close other programs and try again."
        )
    except Exception as error:  # noqa: BLE001 - the last line of defence: one sentence instead of a dead worker
        where = _last_own_line(error)
        return Failed(
            "InternalError", f"The analysis stopped on an internal error ({type(error).__name__} at {where})."
        )


def _share(findings: Findings, shared: dict[str, NDArray[Any]]) -> Findings:
    """The findings with every mask copied into its shared buffer."""
    masks: dict[str, Any] = {}
    for name in MASKS:
        mask: LabelMap | None = getattr(findings.output, name)
        if mask is not None:
            shared[name][...] = mask.array
            masks[name] = LabelMap(shared[name], mask.geometry)
    heat, agreement = findings.output.heatmap, findings.output.agreement
    if heat is not None:
        shared[HEATMAP][...] = heat.array
        masks[HEATMAP] = replace(heat, array=shared[HEATMAP])
    if agreement is not None:
        shared[AGREEMENT][...] = agreement.marks.array
        masks[AGREEMENT] = replace(agreement, marks=replace(agreement.marks, array=shared[AGREEMENT]))
    return replace(findings, output=replace(findings.output, **masks))


def _last_own_line(error: BaseException) -> str:
    """``module:line`` of the innermost frame; no message, since that could quote a file's name."""
    trace, place = error.__traceback__, "?"
    while trace is not None:
        place = f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place


def _yield_to_the_window() -> None:
    if hasattr(os, "nice"):
        os.nice(10)
    if sys.platform.startswith("linux"):
        try:
            Path("/proc/self/oom_score_adj").write_text("800", "ascii")
        except OSError:  # a container may forbid it; the window is then merely not preferred
            return


def _import_what_every_run_needs() -> None:
    for module in ("scipy.ndimage", "inference.pipeline.analyse", "inference.io.verdict"):
        importlib.import_module(module)
    if (stored_weights.folder() / stored_weights.MANIFEST).is_file():
        for module in ("torch", "inference.systems.learned"):
            with contextlib.suppress(ImportError, OSError):  # said by the run that needs it
                importlib.import_module(module)
