"""``groundglass analyse``: from a study on disk to a folder of results, whole or not at all."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from typing import Any

from inference.commands.console import Console, say
from inference.commands.plans import Plan, check_units, floor_of, plan_for_ct, plan_for_xray
from inference.commands.stopping import stoppable
from inference.errors import GeometryRefused, SeriesError
from inference.findings import Findings
from inference.io.export import KEY_IMAGE, POSSIBLE_NAMES, REPORT, check_folder, staged, write_findings, write_refusal
from inference.io.export_identity import redacted
from inference.io.study import LoadedSeries, SeriesInfo, Study
from inference.pipeline.cancellation import CancellationToken
from inference.systems.registry import card
from inference.verdict import Verdict

_REFUSED = GeometryRefused.exit_code
_MODALITIES: dict[str, bool | None] = {"auto": None, "ct": False, "xray": True}
"""What ``--modality`` says of a single picture: whether it is an X-ray."""


@dataclass(frozen=True)
class _Request:
    options: argparse.Namespace
    console: Console
    cancel: CancellationToken


def run(options: argparse.Namespace) -> int:
    """Read, analyse, measure and write; returns the exit code."""
    check_folder(options.out)
    if options.system is not None:
        card(options.system)
    console = Console()
    try:
        with stoppable() as cancel:
            return _analyse(_Request(options, console, cancel))
    finally:
        console.clear()


def _analyse(request: _Request) -> int:
    from inference.io.open import load, scan
    from inference.report.wording import summary

    options, console = request.options, request.console
    study = scan(options.study, cancel=request.cancel)
    info = choose_series(study, options.series)
    console.note(_choice(info, study, options.series))
    single = info.slices == 1 and (info.is_xray or info.kind == "image")
    plan = None if single else plan_for_ct(options)
    if not info.verdict.may_measure and not single:
        return _refuse(request, info, info.verdict)
    loaded = _recognised(load(info, study=study, cancel=request.cancel), request)
    if not loaded.verdict.may_measure:
        return _refuse(request, loaded, loaded.verdict)
    if plan is None:
        plan = plan_for_xray(options) if loaded.info.is_xray else plan_for_ct(options)
    if not loaded.info.is_xray:
        check_units(plan, loaded.volume.units, options.system)
    for warning in plan.warnings:
        console.note(warning.text)
    if plan.fallback_reason:
        console.note(f"{plan.name} was taken. {plan.fallback_reason}")
    try:
        findings, verdict = _measure(request, plan, loaded)
    except GeometryRefused as refused:
        return _refuse(request, loaded, refused.verdict or loaded.verdict)
    _write(request, plan, findings, loaded, verdict)
    console.note(f"geometry {verdict.sentence()}")
    console.flush()
    say(summary(findings))
    return 0


def _recognised(loaded: LoadedSeries, request: _Request) -> LoadedSeries:
    """The series as it is judged: an X-ray, by its header, its look or ``--modality``, as the 8-bit picture it is.

    Raises
    ------
    SeriesError
        If ``--modality xray`` says of a volume that it is an X-ray.
    """
    from inference.pipeline.xray import PROJECTION, grey_picture, recognised

    asked = request.options.modality
    found = recognised(loaded, _MODALITIES[asked])
    if found.verdict is PROJECTION:
        found = replace(found, volume=grey_picture(found))
    elif asked == "xray":
        raise SeriesError("--modality xray is for a single 8-bit picture or an X-ray, and this series is neither.")
    if loaded.info.kind == "image" and loaded.info.slices == 1:
        how = "by its look" if asked == "auto" else "as asked"
        request.console.note(f"the picture was taken for {'an X-ray' if found.info.is_xray else 'a CT slice'}, {how}")
    return found


def _measure(request: _Request, plan: Plan, loaded: LoadedSeries) -> tuple[Findings, Verdict]:
    from inference.io.lobes import read_lobes
    from inference.pipeline.analyse import analyse
    from inference.quantification.definitions import AssessmentSettings

    options = request.options
    lobes = read_lobes(options.lobes, loaded) if options.lobes else None
    findings, verdict = analyse(
        plan.system, loaded.volume, loaded.verdict, device=options.device, config=options.config or "",
        emit=request.console.on_event, cancel=request.cancel, options=plan.options, agreement=plan.agreement,
        settings=AssessmentSettings(detection_floor=floor_of(options)), lobes=lobes,
    )  # fmt: skip
    if plan.fallback_reason:
        provenance = replace(findings.output.provenance, fallback_reason=plan.fallback_reason)
        findings = replace(findings, output=replace(findings.output, provenance=provenance))
    return findings, verdict


def _write(request: _Request, plan: Plan, findings: Findings, loaded: LoadedSeries, verdict: Verdict) -> None:
    from inference.report.key_image import write_key_image
    from inference.report.pdf import write_report

    options = request.options
    identity = loaded.info.identity if options.with_identity else None
    with staged(options.out, POSSIBLE_NAMES) as stage:
        write_findings(
            stage, findings, loaded, verdict, with_identity=options.with_identity, warnings=plan.warnings,
            timing_s={"read": loaded.seconds}, config=options.config or "",
        )  # fmt: skip
        write_key_image(stage / KEY_IMAGE, findings, loaded.volume, verdict, identity)
        write_report(stage / REPORT, findings, loaded, verdict, identity=identity, warnings=plan.warnings)


def _refuse(request: _Request, loaded: LoadedSeries | SeriesInfo, verdict: Verdict) -> int:
    """Write the reasons, take away masks of an earlier run, and say why."""
    timing: dict[str, Any] = {"read": loaded.seconds} if isinstance(loaded, LoadedSeries) else {}
    with staged(request.options.out, POSSIBLE_NAMES) as stage:
        write_refusal(stage, loaded, verdict, with_identity=request.options.with_identity, timing_s=timing)
    request.console.note(f"Not measured, {verdict.sentence()}")
    request.console.flush()
    return _REFUSED


def choose_series(study: Study, wanted: str | None) -> SeriesInfo:
    """The series of that UID or number, else the proposed one, else the best that can be loaded.

    Raises
    ------
    SeriesError
        If there is no such series, or none that can be loaded.
    """
    if wanted is not None:
        found = [info for info in study.series if wanted in (info.uid, str(info.index))]
        if not found:
            numbers = ", ".join(str(info.index) for info in study.series) or "none"
            raise SeriesError(f"The study has no series {wanted}; its series are {numbers} (see groundglass info).")
        return found[0]
    if study.proposed is not None:
        return study.series[study.proposed]
    loadable = [info for info in study.series if info.loadable] or list(study.series)
    if not loadable:
        raise SeriesError(f"{study.path.name} holds no images that can be read.")
    return max(loadable, key=lambda info: info.score)


def _choice(info: SeriesInfo, study: Study, wanted: str | None) -> str:
    """Which series was taken and why, without the patient."""
    if wanted is not None:
        why = "as asked"
    elif len(study.series) == 1:
        why = "the only one"
    else:
        why = redacted(info.reason, info.identity)
    return f"took series {info.index} ({info.slices} slices; {len(study.series)} series in the study): {why}"
