"""Running a system on a volume in this process: stages, progress, the verdict on its lungs, and the figures."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from inference.errors import GeometryRefused
from inference.findings import Findings, Provenance, SystemOutput
from inference.pipeline.cancellation import CancellationToken
from inference.pipeline.events import Event, MaskName, PartialResult, Progress, StageFinished, StageStarted
from inference.quantification.definitions import AssessmentSettings
from inference.systems.nested import NestedContext
from inference.systems.registry import RunOptions, System, SystemCard, cards, create
from inference.verdict import Verdict
from inference.volume import LabelMap, Units, Volume

_FIGURES = "figures"
_FIGURES_SHARE = 0.08
_CAGE, _CAGE_SHARE = "densitometry", 0.3
"""The rib cage by density rules, for the white-lung rule, where a learned system does not run them itself."""
_AGREEMENT = "agreement"
_AGREEMENT_SHARE = 2.0
"""Time for the other systems, in times of the one that was asked for."""
_NO_OPTIONS = RunOptions()
_PUBLISHED = AssessmentSettings()
Publish = Callable[[MaskName, NDArray[np.uint8]], None]


class _Context:
    """The :class:`inference.systems.registry.RunContext` of one run."""

    def __init__(
        self,
        stages: tuple[tuple[str, float], ...],
        emit: Callable[[Event], None],
        cancel: CancellationToken,
        publish: Publish,
        device: str,
        config: str,
        options: RunOptions,
    ) -> None:
        total = sum(share for _, share in stages)
        self._stages = [(name, share / total * (1 - _FIGURES_SHARE)) for name, share in stages]
        self._stages.append((_FIGURES, _FIGURES_SHARE))
        self._emit, self._cancel, self._publish = emit, cancel, publish
        self._started = self._stage_started = time.monotonic()
        self._current = -1
        self.device, self.config, self.options = device, config, options
        self.seconds: dict[str, float] = {}
        self.shared: dict[object, object] = {}
        """What one system of the run has found and another need not find again."""

    def stage(self, name: str) -> None:
        self._cancel.check()
        self.finish_stage()
        self._current = next((n for n, (stage, _) in enumerate(self._stages) if stage == name), self._current + 1)
        self._stage_started = time.monotonic()
        self._emit(StageStarted(name, self._current + 1, len(self._stages)))
        self.progress(0.0)

    def finish_stage(self) -> None:
        if self._current >= 0:
            name = self._stages[self._current][0]
            self.seconds[name] = self.seconds.get(name, 0.0) + time.monotonic() - self._stage_started
            self._emit(StageFinished(name, self.seconds[name]))

    def progress(self, fraction: float) -> None:
        self._cancel.check()
        done = sum(share for _, share in self._stages[: self._current])
        done += self._stages[self._current][1] * min(max(fraction, 0.0), 1.0)
        elapsed = time.monotonic() - self._started
        left = elapsed * (1 - done) / done if done > 0.05 else None
        self._emit(Progress(done, left))

    def detail(self, words: str) -> None:
        """Say what of the present stage is being done."""
        self._emit(StageStarted(f"{self._stages[self._current][0]}: {words}", self._current + 1, len(self._stages)))

    def publish(self, name: MaskName, labels: NDArray[np.uint8], first: int, last: int) -> None:
        self._cancel.check()
        self._publish(name, labels)
        self._emit(PartialResult(name, first, last))


def analyse(
    system: System | str,
    volume: Volume,
    verdict: Verdict,
    *,
    device: str = "auto",
    config: str = "",
    emit: Callable[[Event], None] = lambda event: None,
    cancel: CancellationToken | None = None,
    publish: Publish = lambda name, labels: None,
    options: RunOptions = _NO_OPTIONS,
    agreement: bool = False,
    settings: AssessmentSettings = _PUBLISHED,
    lobes: LabelMap | None = None,
) -> tuple[Findings, Verdict]:
    """Run a system and make its figures; blocks. Returns the findings and the verdict with the lungs known.

    With ``agreement`` every learned system runs besides, and the findings say where they agree. With
    ``options.modality`` "xray" the volume is one 8-bit picture, and the findings have shares alone. ``settings`` hold
    the detection floor; a map of ``lobes`` on the volume's grid adds the lobe scores.

    Raises
    ------
    GeometryRefused
        If the verdict is red, or turns red once the lungs are known; its ``verdict`` says why.
    InputShapeError
        If the system cannot take this kind of volume, or the lobes have right and left the other way round.
    WeightsMissing
        If a learned system's weights are absent or altered.
    Cancelled
        If ``cancel`` was set.
    """
    from inference.io.lobes import check_sides
    from inference.io.verdict import from_lungs
    from inference.quantification.assess import assess

    xray = options.modality == "xray"
    _refuse_red(verdict)
    running = create(system) if isinstance(system, str) else system
    device = "cpu" if device == "auto" and running.card.kind == "rule-based" else device
    token = cancel or CancellationToken()
    stages = running.card.stages
    caged = not xray and _lacks_cage(running.card, volume)
    if caged:
        stages = (*stages, (_CAGE, _CAGE_SHARE * sum(share for _, share in stages)))
    if agreement:
        stages = (*stages, (_AGREEMENT, _AGREEMENT_SHARE * sum(share for _, share in stages)))
    context = _Context(stages, emit, token, publish, device, config, options)
    output = running.run(volume, context)
    if not xray:
        verdict = from_lungs(verdict, volume, output.lungs.array)
        _refuse_red(verdict)
    if caged:
        context.stage(_CAGE)
        output = _with_cage(volume, output, context)
    if agreement:
        context.stage(_AGREEMENT)
        output = _with_agreement(running.card, volume, output, context)
    context.stage(_FIGURES)
    if lobes is not None:
        check_sides(lobes, output.lungs)
    told = replace(output, provenance=_told(output.provenance, running.card, options))
    findings = assess(volume, told, settings=settings, lobes=lobes)
    if xray:
        from inference.pipeline.xray import without_ct_figures

        findings = without_ct_figures(findings)
    context.progress(1.0)
    context.finish_stage()
    return replace(findings, timing_s={**findings.timing_s, **context.seconds}), verdict


def _told(provenance: Provenance, card: SystemCard, options: RunOptions) -> Provenance:
    """The provenance with what the card tells of the system, and what was asked of this run."""
    listed = next((one for one in cards() if one.name == card.name), card)
    return replace(
        provenance, title=listed.title, trained_on=listed.trained_on, limitations=listed.limitations,
        options=("segmented even where not recognised",) if options.segment_anyway else (),
    )  # fmt: skip


def _lacks_cage(card: SystemCard, volume: Volume) -> bool:
    """Whether density rules have to run besides; they need Hounsfield units."""
    return card.kind == "learned" and volume.units is Units.HU and _CAGE not in dict(card.stages)


def _with_cage(volume: Volume, output: SystemOutput, context: _Context) -> SystemOutput:
    if output.rib_cage is not None or not output.lungs.array.any():
        return output
    rules = create(_CAGE).run(volume, NestedContext("cpu", "", RunOptions(), context.progress))
    return replace(output, rib_cage=rules.rib_cage)


def _with_agreement(card: SystemCard, volume: Volume, output: SystemOutput, context: _Context) -> SystemOutput:
    from inference.pipeline.agreement import agree

    known = {card.name: output} if output.sources else {}  # what was not segmented is segmented for the comparison
    found, warnings = agree(volume, context, known, on_member=context.detail)
    return replace(output, agreement=found, warnings=(*output.warnings, *warnings))


def _refuse_red(verdict: Verdict) -> None:
    if not verdict.may_measure:
        raise GeometryRefused(f"Not measured. {verdict.decisive()}.", verdict)
