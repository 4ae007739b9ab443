"""An annotated picture of one view or of the layout: panes on black, words above and below, nothing over the image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QImage, QPainter

from inference.labels import Lung
from inference.software import NAME, NOTICE, version
from inference.verdict import Colour, Verdict
from viewer.state.layers import AGREEMENT, AGREEMENT_COLOURS, HEATMAP, Layer, labels
from viewer.state.session import Projection, Session
from viewer.widgets.series_list import title
from viewer.widgets.study_browser import person
from viewer.widgets.theme import VERDICT_COLOURS, VERDICT_SHAPES, tabular

_TEXT = "#d2d2d2"


@dataclass(frozen=True)
class Choices:
    """What the reader ticked. ``scale`` multiplies the pixels of the screen."""

    scale: float = 1.0
    legend: bool = True
    identity: bool = False


@dataclass(frozen=True)
class Line:
    """One line of words and its colour."""

    text: str
    colour: str = _TEXT


Entry = tuple[str, tuple[int, int, int]]
"""A name of the legend and its colour."""


def sheet(
    panes: Sequence[tuple[QRect, QImage]],
    size: tuple[int, int],
    session: Session,
    choices: Choices,
    more: Sequence[Entry] = (),
) -> QImage:
    """Put panes and words together.

    Parameters
    ----------
    panes
        Places in screen pixels (logical) within ``size``, and their pictures, already in the chosen scale.
    size
        Width and height of the whole arrangement in screen pixels.
    more
        Further entries of the legend.
    """
    scale = choices.scale
    font = tabular(QFont())
    font.setPixelSize(round(14 * scale))
    measure = QFontMetrics(font)
    width = round(size[0] * scale)
    margin = round(10 * scale)
    above = _wrapped(_above(session, choices), measure, width - 2 * margin)
    below = _wrapped(_below(session), measure, width - 2 * margin)
    legend = [*_legend(session), *more] if choices.legend else []
    step = round(measure.height() * 1.25)
    head = margin + step * len(above)
    foot = step * (len(below) + bool(legend)) + margin
    image = QImage(width, head + round(size[1] * scale) + foot, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.black)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setFont(font)
    _draw_lines(painter, above, margin, margin // 2, step)
    for place, picture in panes:
        target = QRectF(place.x() * scale, head + place.y() * scale, place.width() * scale, place.height() * scale)
        painter.drawImage(target, picture, QRectF(picture.rect()))
    y = head + round(size[1] * scale) + margin // 2
    if legend:
        _draw_legend(painter, legend, margin, y, step)
        y += step
    _draw_lines(painter, below, margin, y, step)
    painter.end()
    return image


def shown_layers(session: Session) -> list[Layer]:
    """The layers that can be seen now."""
    if session.layers.all_hidden.value:
        return []
    layers = [value.value for value in session.layers.by_group.values()]
    return [layer for layer in layers if layer.available and layer.visible and layer.opacity > 0]


def _above(session: Session, choices: Choices) -> list[Line]:
    info, verdict = session.selected.value, session.verdict.value
    lines: list[Line] = []
    if info is not None and choices.identity:
        lines.append(Line(person(info, hidden=False)))
    if info is not None:
        lines.append(
            Line(" · ".join(part for part in (info.modality, title(info, not choices.identity), info.kernel) if part))
        )
    lines.append(_verdict_line(verdict))
    return [line for line in lines if line.text]


def _verdict_line(verdict: Verdict | None) -> Line:
    if verdict is None:
        return Line("")
    colour: Colour = verdict.colour
    return Line(f"{VERDICT_SHAPES[colour]} Geometry {verdict.sentence()}", VERDICT_COLOURS[colour])


def _below(session: Session) -> list[Line]:
    from inference.report.wording import position, window

    display, slab, loaded = session.window.value, session.slab.value, session.loaded.value
    parts = [window(display.width, display.level)]
    if loaded is not None and loaded.volume.geometry.orientation_known:
        parts.append(position(session.crosshair.value[2]))
    if slab.projection is not Projection.NONE:
        parts.append(f"{slab.projection.value} {slab.thickness_mm:.0f} mm")
    findings = session.findings.value
    if findings is not None:
        provenance = findings.output.provenance
        parts.append(f"{provenance.system} {provenance.version}")
    return [Line(" · ".join(parts)), Line(f"{NAME} {version()} · {NOTICE}", "#9c9c9c")]


def _legend(session: Session) -> list[Entry]:
    shown = {layer.group: layer for layer in shown_layers(session)}
    findings = session.findings.value
    sides_known = findings is None or findings.output.sides_known
    entries: list[Entry] = []
    compared = None if findings is None else findings.output.agreement
    if AGREEMENT in shown and compared is not None:
        counts = enumerate(AGREEMENT_COLOURS[: len(compared.systems)], start=1)
        entries = [(f"{number} of {len(compared.systems)} systems", colour) for number, colour in counts]
        shown = {group: layer for group, layer in shown.items() if group in ("lungs", HEATMAP)}
    for group, layer in shown.items():
        own = [label for label in labels() if label.group == group]
        if group == "lungs":
            entries += [(label.name, label.colour) for label in own if (label.code < Lung.SIDE_UNKNOWN) == sides_known]
        else:
            entries.append((layer.name, layer.colour))
    return entries


def _draw_lines(painter: QPainter, lines: Sequence[Line], x: int, y: int, step: int) -> None:
    for number, line in enumerate(lines):
        painter.setPen(QColor(line.colour))
        painter.drawText(QRect(x, y + number * step, 100_000, step), Qt.AlignmentFlag.AlignVCenter, line.text)


def _draw_legend(painter: QPainter, entries: Sequence[Entry], x: int, y: int, step: int) -> None:
    square = round(step * 0.6)
    for name, colour in entries:
        painter.fillRect(x, y + (step - square) // 2, square, square, QColor(*colour))
        painter.setPen(QColor(_TEXT))
        x += square + step // 3
        width = painter.fontMetrics().horizontalAdvance(name)
        painter.drawText(QRect(x, y, width + step, step), Qt.AlignmentFlag.AlignVCenter, name)
        x += width + step


def _wrapped(lines: Sequence[Line], measure: QFontMetrics, width: int) -> list[Line]:
    result: list[Line] = []
    for line in lines:
        present = ""
        for word in line.text.split():
            longer = f"{present} {word}".strip()
            if present and measure.horizontalAdvance(longer) > width:
                result.append(Line(present, line.colour))
                present = word
            else:
                present = longer
        if present:
            result.append(Line(present, line.colour))
    return result
