"""``groundglass analyse``: from a study on disk to a folder of results, whole or not at all."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from inference.commands.console import Console, say
from inference.commands.stopping import stoppable
from inference.commands.systems import choose
from inference.errors import GeometryRefused, SeriesError
from inference.findings import Findings, Warning
from inference.io.export import KEY_IMAGE, POSSIBLE_NAMES, REPORT, check_folder, staged, write_findings, write_refusal
from inference.io.export_identity import redacted
from inference.io.study import LoadedSeries, SeriesInfo, Study
from inference.pipeline.agreement import members
from inference.pipeline.cancellation import CancellationToken
from inference.systems.registry import RunOptions, SystemCard
from inference.verdict import Verdict

_LEAST_TO_AGREE = 2
_REFUSED = GeometryRefused.exit_code


@dataclass(frozen=True)
class _Request:
    study: Path
    out: Path
    card: SystemCard
    fallback_reason: str
    agreement: bool
    options: RunOptions
    config: str
    series: str | None
    device: str
    lobes: Path | None
    with_identity: bool
    warnings: tuple[Warning, ...]


def run(options: argparse.Namespace) -> int:
    """Read, analyse, measure and write; returns the exit code."""
    check_folder(options.out)
    card, fallback_reason = choose(options.system)
    ignored = _ignored_options(options, card)
    agreement = options.agreement and "agreement_unavailable" not in {warning.code for warning in ignored}
    request = _Request(
        options.study, options.out, card, fallback_reason, agreement,
        RunOptions(segment_anyway=options.segment_anyway), options.config or "", options.series, options.device,
        options.lobes, options.with_identity, ignored,
    )  # fmt: skip
    console = Console()
    for warning in request.warnings:
        console.note(warning.text)
    try:
        with stoppable() as cancel:
            return _analyse(request, console, cancel)
    finally:
        console.clear()


def _analyse(request: _Request, console: Console, cancel: CancellationToken) -> int:
    from inference.io.open import load, scan

    study = scan(request.study, cancel=cancel)
    info = choose_series(study, request.series)
    console.note(_choice(info, study, request.series))
    if not info.verdict.may_measure:
        return _refuse(request, console, info, info.verdict)
    loaded = load(info, study=study, cancel=cancel)
    if not loaded.verdict.may_measure:
        return _refuse(request, console, loaded, loaded.verdict)
    try:
        findings, verdict = _measure(request, console, loaded, cancel)
    except GeometryRefused as refused:
        return _refuse(request, console, loaded, refused.verdict or loaded.verdict)
    _write(request, findings, loaded, verdict)
    from inference.report.wording import summary

    console.note(f"geometry {verdict.sentence()}")
    console.flush()
    say(summary(findings))
    return 0


def _measure(
    request: _Request, console: Console, loaded: LoadedSeries, cancel: CancellationToken
) -> tuple[Findings, Verdict]:
    from inference.commands.lobes import check_sides, read_lobes
    from inference.pipeline.analyse import analyse
    from inference.quantification.assess import assess

    lobes = read_lobes(request.lobes, loaded) if request.lobes else None
    findings, verdict = analyse(
        request.card.name, loaded.volume, loaded.verdict,
        device=request.device, config=request.config, emit=console.on_event, cancel=cancel,
        options=request.options, agreement=request.agreement,
    )  # fmt: skip
    if lobes is not None:
        check_sides(lobes, findings.output.lungs)
        findings = replace(assess(loaded.volume, findings.output, lobes=lobes), timing_s=findings.timing_s)
    if request.fallback_reason:
        provenance = replace(findings.output.provenance, fallback_reason=request.fallback_reason)
        findings = replace(findings, output=replace(findings.output, provenance=provenance))
    return findings, verdict


def _write(request: _Request, findings: Findings, loaded: LoadedSeries, verdict: Verdict) -> None:
    from inference.report.key_image import write_key_image
    from inference.report.pdf import write_report

    identity = loaded.info.identity if request.with_identity else None
    with staged(request.out, POSSIBLE_NAMES) as stage:
        write_findings(
            stage, findings, loaded, verdict, with_identity=request.with_identity, warnings=request.warnings,
            timing_s={"read": loaded.seconds}, config=request.config,
        )  # fmt: skip
        write_key_image(stage / KEY_IMAGE, findings, loaded.volume, verdict, identity)
        write_report(stage / REPORT, findings, loaded, verdict, identity=identity, warnings=request.warnings)


def _refuse(request: _Request, console: Console, loaded: LoadedSeries | SeriesInfo, verdict: Verdict) -> int:
    """Write the reasons, take away masks of an earlier run, and say why."""
    timing: dict[str, Any] = {"read": loaded.seconds} if isinstance(loaded, LoadedSeries) else {}
    with staged(request.out, POSSIBLE_NAMES) as stage:
        write_refusal(stage, loaded, verdict, with_identity=request.with_identity, timing_s=timing)
    console.note(f"Not measured, {verdict.sentence()}")
    console.flush()
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


def _ignored_options(options: argparse.Namespace, card: SystemCard) -> tuple[Warning, ...]:
    """What was asked for and does not apply, each as a warning that findings.json repeats."""
    warnings = []
    if options.config and card.kind == "rule-based":
        warnings.append(Warning("config_ignored", f"--config was ignored: {card.name} has one configuration only."))
    if options.device in ("cuda", "mps") and card.kind == "rule-based":
        warnings.append(Warning("device_ignored", f"--device was ignored: {card.name} runs on the processor."))
    if options.agreement and len(members(options.config or "")[0]) < _LEAST_TO_AGREE:
        text = "--agreement was ignored: it needs two learned systems, and the weights of fewer are installed."
        warnings.append(Warning("agreement_unavailable", text))
    return tuple(warnings)
