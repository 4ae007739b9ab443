"""``report.pdf``: one page A4 that a reader can file - what was found, how, how surely, and what nobody looked for."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from inference.findings import Findings, Severity, Warning
from inference.io.export_files import replacing
from inference.io.export_identity import redacted
from inference.io.export_tables import FIGURES, PERCENTAGE, regions
from inference.io.study import Identity, LoadedSeries
from inference.pipeline.cancellation import CancellationToken
from inference.report import wording
from inference.report.annotations import DIM
from inference.report.fonts import BOLD, REGULAR, printable
from inference.report.key_image import caption, draw_slice, framed, identity_line, key_slice, present_styles
from inference.report.layout import Area, Line, draw_lines, draw_table, register_fonts
from inference.software import NAME, NOTICE, version
from inference.verdict import Verdict

_WIDTH, _HEIGHT = 595.28, 841.89
_MARGIN = 36.0
_ROOM = _WIDTH - 2 * _MARGIN
_IMAGE_WIDTH, _IMAGE_HEIGHT = 280.0, 320.0
_BAND = {"green": ("#e3f1e6", "#1c5a2c"), "amber": ("#ffe9b0", "#5a4200"), "red": ("#f8d4d0", "#7a1a10")}
_PICTURE_PX, _PICTURE_TEXT_PX = 1000, 27


def write_report(
    path: Path,
    findings: Findings,
    loaded: LoadedSeries,
    verdict: Verdict,
    *,
    identity: Identity | None = None,
    warnings: tuple[Warning, ...] = (),
    made: date | None = None,
    co_rads: int | None = None,
    cancel: CancellationToken | None = None,
) -> None:
    """Write the one-page report, whole or not at all.

    Parameters
    ----------
    identity
        Printed only if given; nothing else on the page tells who the patient is.
    warnings
        What the caller adds to the analysis's own.
    made
        The day to print; today if None. Everything else depends on the arguments only.
    co_rads
        The category that the reader chose, 0 to 6; without one the report does not speak of it.

    Raises
    ------
    ExportError
        If the file cannot be written.
    Cancelled
        If ``cancel`` was set; then nothing is left behind.
    """
    from reportlab.pdfgen.canvas import Canvas

    token = cancel or CancellationToken()
    token.check()
    register_fonts()
    with replacing(path) as beside:
        canvas = Canvas(str(beside), pagesize=(_WIDTH, _HEIGHT), invariant=1, initialFontName=REGULAR, lang="en-GB")
        canvas.setTitle(f"{NAME} report")
        canvas.setAuthor(NAME)
        canvas.setSubject(NOTICE)
        said = (*findings.warnings, *warnings)
        _draw(canvas, findings, loaded, verdict, identity, said, made or date.today(), co_rads)
        token.check()
        canvas.showPage()
        canvas.save()
        token.check()


def _draw(
    canvas: Any,
    findings: Findings,
    loaded: LoadedSeries,
    verdict: Verdict,
    identity: Identity | None,
    warnings: Sequence[Warning],
    made: date,
    co_rads: int | None,
) -> None:
    xray = findings.output.modality == "xray"
    y = _heading(canvas, loaded, identity, made, "Chest X-ray" if xray else "Chest CT")
    y = _verdict_band(canvas, verdict, y)
    picture_height = _picture(canvas, findings, loaded, y)
    left = _MARGIN + _IMAGE_WIDTH + 14
    result_height = _result(canvas, findings, Area(left, y, _WIDTH - _MARGIN - left, _IMAGE_HEIGHT), co_rads)
    y -= max(picture_height, result_height) + 10
    if not xray:
        y -= _severity_table(canvas, findings.severity, y) + 9
    column = (_ROOM - 16) / 2
    height = y - _MARGIN - 18
    draw_lines(canvas, _limits(findings, warnings), Area(_MARGIN, y, column, height), largest=7.5)
    draw_lines(canvas, _provenance(findings, loaded), Area(_MARGIN + column + 16, y, column, height), largest=7.5)
    _footer(canvas, loaded.volume.geometry.orientation_known)


def _heading(canvas: Any, loaded: LoadedSeries, identity: Identity | None, made: date, what: str) -> float:
    y = _HEIGHT - _MARGIN - 12
    canvas.setFillColor("#202020")
    canvas.setFont(BOLD, 13)
    canvas.drawString(_MARGIN, y, f"{what}: automatic pneumonia figures")
    canvas.setFont(BOLD, 9)
    canvas.drawRightString(_WIDTH - _MARGIN, y, NOTICE)
    lines = [Line(_series_line(loaded, made))]
    lines.insert(0, Line(identity_line(identity) if identity else "No patient identity in this report.", "Patient:"))
    return y - 8 - draw_lines(canvas, lines, Area(_MARGIN, y - 8, _ROOM, 40), largest=8.0) - 4


def _series_line(loaded: LoadedSeries, made: date) -> str:
    info, volume = loaded.info, loaded.volume
    kji = volume.geometry.spacing_mm
    parts = [f"series {info.index}", redacted(info.modality, info.identity), f"{info.slices} slices"]
    if volume.geometry.spacing_known:
        parts.append(f"{kji[2]:.2f} x {kji[1]:.2f} mm, {kji[0]:.2f} mm apart")
    if info.thickness_mm:
        parts.append(f"{info.thickness_mm:g} mm thick")
    parts += [redacted(info.kernel, info.identity), volume.patient_position or "position unknown"]
    return " · ".join(part for part in parts if part) + f" · report of {made.isoformat()}"


def _verdict_band(canvas: Any, verdict: Verdict, y: float) -> float:
    """The verdict with its reasons on its own colour; returns the y below it."""
    ground, ink = _BAND[verdict.colour.word]
    limited = {"green": "measurements not limited", "amber": "measurements limited", "red": "not measured"}
    sentences = (limited[verdict.colour.word], *(reason.text.rstrip(".") for reason in verdict.reasons))
    line = Line(f"{'. '.join(sentences)}.", f"Geometry {verdict.colour.word}:")
    scratch = _scratch_canvas()
    used = draw_lines(scratch, [line], Area(_MARGIN + 6, y, _ROOM - 12, 46))
    canvas.setFillColor(ground)
    canvas.rect(_MARGIN, y - used - 6, _ROOM, used + 6, stroke=0, fill=1)
    draw_lines(canvas, [line], Area(_MARGIN + 6, y - 3, _ROOM - 12, 46), colour=ink)
    return y - used - 14


def _scratch_canvas() -> Any:
    from reportlab.pdfgen.canvas import Canvas

    return Canvas(io.BytesIO(), pagesize=(_WIDTH, _HEIGHT))


def _picture(canvas: Any, findings: Findings, loaded: LoadedSeries, y: float) -> float:
    from reportlab.lib.utils import ImageReader

    one = key_slice(loaded.volume, findings.output.lungs, findings.output.lesions)
    picture = draw_slice(one, _PICTURE_PX, _PICTURE_TEXT_PX)[0]
    image = framed(picture, [], [(caption(one, findings.output.modality), DIM)], present_styles(one), _PICTURE_TEXT_PX)
    scale = min(_IMAGE_WIDTH / image.width, _IMAGE_HEIGHT / image.height)
    width, height = image.width * scale, image.height * scale
    canvas.drawImage(ImageReader(image), _MARGIN + (_IMAGE_WIDTH - width) / 2, y - height, width, height)
    return height


def _result(canvas: Any, findings: Findings, area: Area, co_rads: int | None) -> float:
    """The headline, the classes and the figures behind the grade; returns the height used."""
    severity = findings.severity
    xray = findings.output.modality == "xray"
    of = "of the drawn lung field" if xray else "of lung infected"
    canvas.setFillColor("#202020")
    headline = f"{wording.infection(severity, severity.both)} {of}"
    canvas.setFont(BOLD, 15 * min(1.0, area.width / canvas.stringWidth(headline, BOLD, 15)))
    canvas.drawString(area.left, area.top - 13, headline)
    canvas.setFont(BOLD, 11)
    under = "marked as infected · no grade" if xray else wording.grade(severity)
    canvas.drawString(area.left, area.top - 29, printable(under))
    y = area.top - 37
    opinions = _opinions(findings)
    if co_rads is not None:
        opinions.insert(0, Line(f"{wording.co_rads(co_rads)}.", "Reader:"))
    if xray:
        return (
            area.top - y + draw_lines(canvas, opinions, Area(area.left, y, area.width, area.height - 37), largest=8.0)
        )
    rows = [("class", "volume", "of lung"), *(row[:3] for row in wording.manifestation_rows(findings))]
    y -= draw_table(canvas, rows, Area(area.left, y, area.width, 200), (area.width - 110, 55, 55)) + 4
    y -= draw_lines(canvas, [Line(_sources(findings))], Area(area.left, y, area.width, 30), largest=7.0) + 4
    lines = [*opinions, *_result_lines(severity)]
    y -= draw_lines(canvas, lines, Area(area.left, y, area.width, y - area.top + area.height), largest=8.0)
    return area.top - y


def _opinions(findings: Findings) -> list[Line]:
    """What must be read first, what was recognised, and how far several systems agree."""
    lines = [Line(text, "Mind:") for text in wording.alarms(findings)]
    lines += [Line(text) for text in wording.recognition_lines(findings)]
    if findings.output.agreement is not None:
        lines.append(Line(wording.agreement_line(findings.output.agreement), "Agreement:"))
    return lines


def _sources(findings: Findings) -> str:
    """How each class was judged, classes of one kind together."""
    by_kind: dict[str, list[str]] = {}
    for name, _, _, judged in wording.manifestation_rows(findings):
        by_kind.setdefault(judged, []).append(name)
    return "; ".join(f"{', '.join(names)}: {judged}" for judged, names in by_kind.items()) + "."


def _result_lines(severity: Severity) -> list[Line]:
    floor = severity.detection_floor
    lines = [] if floor.is_published else [Line(f"CT-0 is {floor.words}.", "Detection floor as set:")]
    if severity.withheld_reason:
        lead = "Grade withheld:" if severity.qualifier == "withheld" else "Lower bound:"
        lines.append(Line(severity.withheld_reason, lead))
    if severity.right is not None and severity.left is not None:
        shares = (wording.infection(severity, severity.right, "right"),
                  wording.infection(severity, severity.left, "left"))  # fmt: skip
        sides = "right {}, left {}".format(*shares)
        if severity.worse_lung and severity.worse_lung_grade:
            sides += f"; the {severity.worse_lung} is the worse: {severity.worse_lung_grade}"
        lines.append(Line(sides + ".", "Sides:"))
    else:
        lines.append(Line("not known: no figures for right, left or zones.", "Sides:"))
    lines.append(Line(wording.sensitivity(severity) or "No sensitivity range."))
    lines.append(Line(f"{wording.mean_over_slices(severity)}.", "Mean over slices that hold lung:"))
    if severity.zone_score is not None:
        lines.append(Line(f"{severity.zone_score} of 24 (six zones, thirds of each lung's height).", "Zone score:"))
    if severity.ct_severity_score is not None and severity.total_severity_score is not None:
        scores = f"CT severity score {severity.ct_severity_score}/25, total severity {severity.total_severity_score}/20"
        lines.append(Line(f"{scores}; lobes from the file given.", "Lobes:"))
    bins = " · ".join(bin_.replace(" ", "\xa0") for bin_ in wording.grade_bins(severity))
    lines.append(Line(f"{bins}.", "Grades:"))
    return lines


def _severity_table(canvas: Any, severity: Severity, y: float) -> float:
    """A row per figure, a column per region; returns the height."""
    columns = regions(severity)
    heading = ["", *(name.replace(" ", "\n") for name, _ in columns)]
    rows = [heading]
    for name, unit, take in FIGURES:
        share = name == PERCENTAGE
        bounds = ["≥ " if share and wording.is_at_least(severity, region) else "" for region, _ in columns]
        cells = [_number(take(figures), bound) for (_, figures), bound in zip(columns, bounds, strict=True)]
        rows.append([f"{name}, {unit}", *cells])
    first = 158.0
    each = min(70.0, (_ROOM - first) / len(columns))
    return draw_table(canvas, rows, Area(_MARGIN, y, _ROOM, 300), [first, *[each] * len(columns)])


def _number(value: float | None, bound: str = "") -> str:
    if value is None:
        return "–"
    return printable(bound + (f"{value:.1f}" if abs(value) < 99.95 else f"{value:.0f}"))


def _limits(findings: Findings, warnings: Sequence[Warning]) -> list[Line]:
    """What the figures do not say, the most important first: what does not fit is cut from the end."""
    lines = [Line(wording.NOT_ASSESSED, "Not assessed:"), Line(wording.LOOKALIKES, "Look-alikes:")]
    lines += [Line(text, "Limit of the system:") for text in wording.limits(findings)]
    alarms = wording.alarms(findings)
    if findings.output.modality == "xray":
        return [*lines, *(Line(warning.text, "Note:") for warning in warnings if warning.text not in alarms)]
    judged = [name for name, *_, how in wording.manifestation_rows(findings) if how.startswith("not judged")]
    if judged:
        lines.append(Line(f"{', '.join(judged)} (this system gives no such class).", "Also not assessed:"))
    said = (warning.text for warning in dict.fromkeys(warnings))
    lines += [Line(text, "Note:") for text in said if text not in (findings.severity.withheld_reason, *alarms)]
    lines += [Line(text) for text in wording.definitions("lung", "percentage_of_infection", "pho", "effusion")]
    return lines


def _provenance(findings: Findings, loaded: LoadedSeries) -> list[Line]:
    output = findings.output
    origin = output.provenance
    thresholds = ", ".join(f"{_threshold_name(key)} {value:g}" for key, value in output.thresholds.items())
    weights = "; ".join(f"{file.name} {file.sha256}" for file in origin.weights) or "none (rules, nothing learned)"
    lines = [
        Line(f"{NAME} {version()}.", "Program:"),
        Line(f"{wording.origin(findings)}.", "System:"),
        Line(f"{weights}.", "Weights (SHA-256):"),
        Line(f"{origin.device}; {loaded.volume.geometry.shape[0]} slices read.", "Device:"),
        Line(f"{thresholds or 'none stated'}.", "Thresholds:"),
    ]
    if origin.trained_on:
        lines.insert(2, Line(f"{origin.trained_on}.", "Trained on:"))
    lines += [Line(f"{text}.", "Asked for:") for text in origin.options]
    if findings.output.modality == "xray":
        return lines
    if origin.fallback_reason:
        lines.insert(2, Line(origin.fallback_reason, "Fell back:"))
    for title, bands in wording.densities(findings.severity):
        lines.append(Line(f"{bands}.", title))
    if findings.severity.compartments:
        lines += [Line(text) for text in wording.definitions("compartments")]
    lines += [Line(text) for text in wording.definitions("sensitivity", "white_lung")]
    return lines


def _threshold_name(key: str) -> str:
    return key.replace("_", " ").replace(" hu", " (HU)")


def _footer(canvas: Any, orientation_known: bool) -> None:
    seen = (
        "Picture: patient's right on the left, seen from the feet."
        if orientation_known
        else "Picture: sides not known."
    )
    canvas.setFillColor("#505050")
    canvas.setFont(REGULAR, 7.5)
    canvas.drawString(_MARGIN, _MARGIN - 8, f"{NOTICE}. {NAME} {version()}.")
    canvas.drawRightString(_WIDTH - _MARGIN, _MARGIN - 8, seen)
