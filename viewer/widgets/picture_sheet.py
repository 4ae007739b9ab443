"""An annotated picture of one view or of the layout: panes on black, words above and below, nothing over the image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QImage, QPainter

from inference.labels import Lung
from inference.software import NAME, NOTICE, version
from inference.verdict import Colour, Verdict
from viewer.rendering.caption import Caption
from viewer.state.layers import AGREEMENT, AGREEMENT_COLOURS, HEATMAP, Layer, labels
from viewer.state.session import Session
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
class Pane:
    """A view's picture, its place within the whole in screen pixels (logical), and what it shows."""

    place: QRect
    picture: QImage
    caption: Caption


@dataclass(frozen=True)
class Line:
    """One line of words and its colour."""

    text: str
    colour: str = _TEXT


Entry = tuple[str, tuple[int, int, int]]
"""A name of the legend and its colour."""


def sheet(
    panes: Sequence[Pane],
    size: tuple[int, int],
    session: Session,
    choices: Choices,
    more: Sequence[Entry] = (),
) -> QImage:
    """Put panes and words together.

    Parameters
    ----------
    panes
        The views, their pictures already in the chosen scale.
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
    captions = [pane.caption for pane in panes]
    above = _wrapped(_above(captions, choices), measure, width - 2 * margin)
    below = _wrapped(_below(captions, session), measure, width - 2 * margin)
    legend = [*(_legend(session) if _first(captions) else ()), *more] if choices.legend else []
    step = round(measure.height() * 1.25)
    head = margin + step * len(above)
    foot = step * (len(below) + bool(legend)) + margin
    image = QImage(width, head + round(size[1] * scale) + foot, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.black)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setFont(font)
    _draw_lines(painter, above, margin, margin // 2, step)
    for pane in panes:
        place = pane.place
        target = QRectF(place.x() * scale, head + place.y() * scale, place.width() * scale, place.height() * scale)
        painter.drawImage(target, pane.picture, QRectF(pane.picture.rect()))
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


def _first(captions: Sequence[Caption]) -> list[Caption]:
    """Those of the open series' own views: the second view of two has no overlays."""
    return [caption for caption in captions if not caption.second]


def _above(captions: Sequence[Caption], choices: Choices) -> list[Line]:
    """Patient, series and verdict: of each series where two are shown."""
    series = {id(caption.info): caption for caption in captions}
    lines: list[Line] = []
    people: list[str] = []
    for caption in series.values():
        info, name = caption.info, _view_name(caption) if len(series) > 1 else ""
        if info is not None:
            if choices.identity and (who := person(info, hidden=False)) not in people:
                people.append(who)
                lines.append(Line(who))
            words = (info.modality, title(info, not choices.identity), info.kernel)
            lines.append(Line(name + " · ".join(part for part in words if part)))
        lines.append(_verdict_line(caption.verdict))
    return [line for line in lines if line.text]


def _view_name(caption: Caption) -> str:
    return "Second view: " if caption.second else "First view: "


def _verdict_line(verdict: Verdict | None) -> Line:
    if verdict is None:
        return Line("")
    colour: Colour = verdict.colour
    return Line(f"{VERDICT_SHAPES[colour]} Geometry {verdict.sentence()}", VERDICT_COLOURS[colour])


def _below(captions: Sequence[Caption], session: Session) -> list[Line]:
    """Window and positions, of each of the two views where both are shown; what made the overlays; the program."""
    looks: dict[bool, list[Caption]] = {}
    for caption in captions:
        if caption.look:
            looks.setdefault(caption.second, []).append(caption)
    lines = []
    for alike in looks.values():
        name = _view_name(alike[0]) if len(looks) > 1 else ""
        lines.append(f"{name}{alike[0].look} · {', '.join(caption.place for caption in alike)}")
    findings = session.findings.value
    if findings is not None and _first(captions):
        provenance = findings.output.provenance
        lines.append(f"{provenance.system} {provenance.version}")
    if len(looks) < 2:
        lines = [" · ".join(lines)]
    return [*(Line(line) for line in lines), Line(f"{NAME} {version()} · {NOTICE}", "#9c9c9c")]


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
