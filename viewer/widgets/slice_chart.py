"""The slice chart: infected share per slice over the full width, from the head on the left to the feet."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QMouseEvent, QPainter, QPaintEvent, QPixmap, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from inference.findings import SliceFigures
from inference.labels import INFECTED
from inference.report.wording import percent, position
from inference.verdict import Colour
from inference.volume import VolumeGeometry
from viewer.binding import observe
from viewer.operations.preliminary import preliminary_slices
from viewer.rendering import palette
from viewer.state.navigation import go_to_number, number_of_index
from viewer.state.session import Session
from viewer.widgets import theme
from viewer.widgets.theme import tabular

_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 10, 6, 18
_TOPS = (5, 10, 15, 25, 50, 75, 100)


@dataclass(frozen=True)
class Bar:
    """A slice of the chart: its number from the head, and its row of the table (None: the slice is missing)."""

    number: int
    figures: SliceFigures | None


class SliceChart(QWidget):
    """A bar per slice, stacked by class; the present slice and the key images are marked. Click or drag to go."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._bars: tuple[Bar, ...] = ()
        self._rough = False
        """Whether the bars are of masks that still grow."""
        self._top = _TOPS[0]
        self._axial: VolumeGeometry | None = None
        self._shown: int | None = None
        self._picture: QPixmap | None = None
        """Frame and bars as drawn: hundreds of bars are too slow to draw anew while a view scrolls."""
        self.setFont(tabular(self.font()))
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Infected share per slice")
        observe(self, session.findings, lambda _: self._read())
        observe(self, session.masks, lambda _: self._read_masks())
        observe(self, session.loaded, lambda _: self._read())
        observe(self, session.crosshair, lambda _: self._follow())
        observe(self, session.verdict, lambda _: self._redraw())
        observe(self, session.measurements.key_images, lambda _: self.update())
        for label in INFECTED:
            observe(self, session.layers.by_group[label.key], lambda _: self._redraw())

    @property
    def bars(self) -> tuple[Bar, ...]:
        """The slices from head to feet."""
        return self._bars

    @property
    def present(self) -> int | None:
        """The number of the slice that the crosshair lies on."""
        return self._number_at_point(self._session.crosshair.value)

    @property
    def key_numbers(self) -> tuple[int, ...]:
        """The slices that hold a key image."""
        numbers = (self._number_at_point(image.point) for image in self._session.measurements.key_images.value)
        return tuple(number for number in numbers if number is not None)

    def number_at(self, x: float) -> int | None:
        """The slice under a horizontal position of the widget, held at the ends."""
        if not self._bars:
            return None
        index = int((x - _LEFT) / max(1, self.width() - _LEFT - _RIGHT) * len(self._bars))
        return min(max(index, 0), len(self._bars) - 1) + 1

    def x_of(self, number: int) -> float:
        """The middle of a slice's bar."""
        return _LEFT + (number - 0.5) * (self.width() - _LEFT - _RIGHT) / len(self._bars)

    def sizeHint(self) -> QSize:
        """Qt's hook."""
        return QSize(600, 84)

    def _follow(self) -> None:
        if self.present != self._shown:
            self.update()

    def _redraw(self) -> None:
        self._picture = None
        self.update()

    def _read(self) -> None:
        session = self._session
        loaded, findings = session.loaded.value, session.findings.value
        self._axial, self._bars, self._rough = None, (), findings is None
        if loaded is not None:
            self._axial = loaded.volume.geometry.canonical
            slices = preliminary_slices(session.masks.value, loaded.volume) if findings is None else findings.slices
            if slices:
                self._take(loaded.volume.geometry, slices)
        self._redraw()

    def _read_masks(self) -> None:
        """While a system runs, the chart fills as its masks do; afterwards the findings stand."""
        if self._session.findings.value is None:
            self._read()

    def _take(self, geometry: VolumeGeometry, slices: tuple[SliceFigures, ...]) -> None:
        """The rows of the volume's own slices as bars; number 1 is the topmost of those counted from the feet."""
        count, flip = geometry.canonical.shape[0], geometry.orientation.flips[0]
        rows = {count - 1 - row.index if flip else row.index: row for row in slices}
        self._bars = tuple(Bar(number, rows.get(count - number)) for number in range(1, count + 1))
        highest = max((row.percent or 0.0 for row in slices), default=0.0)
        self._top = next(top for top in _TOPS if highest <= top)

    def _number_at_point(self, point: tuple[float, float, float]) -> int | None:
        geometry = self._axial
        if geometry is None:
            return None
        index = round(float(geometry.to_index(point)[0]))
        return number_of_index("axial", geometry.shape[0], min(max(index, 0), geometry.shape[0] - 1))

    # painting -----------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt's hook."""
        if self._picture is None or self._picture.deviceIndependentSize().toSize() != self.size():
            self._picture = self._drawn()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._picture)
        self._shown = self.present
        if self._measured:
            painter.setFont(self._font())
            self._paint_marks(painter)

    @property
    def _measured(self) -> bool:
        verdict = self._session.verdict.value
        return bool(self._bars) and (verdict is None or verdict.may_measure)

    def _font(self) -> QFont:
        font = self.font()
        font.setPixelSize(12)
        return font

    def _drawn(self) -> QPixmap:
        ratio = self.devicePixelRatioF()
        picture = QPixmap(self.size() * ratio)
        picture.setDevicePixelRatio(ratio)
        picture.fill(QColor(theme.PAPER))
        painter = QPainter(picture)
        painter.setFont(self._font())
        painter.setPen(QColor(*palette.FAINT))
        verdict = self._session.verdict.value
        if self._measured:
            self._paint_frame(painter, verdict is not None and verdict.colour is Colour.AMBER)
            for bar in self._bars:
                self._paint_bar(painter, bar)
        else:
            red = verdict is not None and not verdict.may_measure
            words = "Not measured" if red else "Infected share per slice appears here after Analyse"
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, words)
        painter.end()
        return picture

    @property
    def ends(self) -> tuple[str, str]:
        """The words at both ends; without an orientation nobody knows where the head is."""
        loaded = self._session.loaded.value
        if loaded is None or not loaded.volume.geometry.orientation_known:
            return "1", f"{len(self._bars)}"
        return "1 head", f"feet {len(self._bars)}"

    def _paint_frame(self, painter: QPainter, amber: bool) -> None:
        field = self._field()
        painter.fillRect(field, QColor(*palette.TEXT, 10))
        right = Qt.AlignmentFlag.AlignRight
        painter.drawText(QRectF(0, 2, _LEFT - 6, 16), right | Qt.AlignmentFlag.AlignTop, f"{self._top} %")
        painter.drawText(QRectF(0, field.bottom() - 14, _LEFT - 6, 16), right | Qt.AlignmentFlag.AlignBottom, "0")
        foot = QRectF(field.left(), field.bottom() + 2, field.width(), _BOTTOM - 2)
        first, last = self.ends
        painter.drawText(foot, Qt.AlignmentFlag.AlignLeft, first + (" · so far" if self._rough else ""))
        painter.drawText(foot, right, last)
        if amber:
            painter.fillRect(QRectF(0, 0, self.width(), 2), QColor(*palette.AMBER))
            painter.setPen(QColor(*palette.AMBER))
            painter.drawText(QRectF(0, field.center().y() - 8, 16, 16), Qt.AlignmentFlag.AlignRight, "▲")

    def _field(self) -> QRectF:
        return QRectF(_LEFT, _TOP, self.width() - _LEFT - _RIGHT, self.height() - _TOP - _BOTTOM)

    def _paint_bar(self, painter: QPainter, bar: Bar) -> None:
        field = self._field()
        step = field.width() / len(self._bars)
        left, width = field.left() + (bar.number - 1) * step, max(1.0, step - (1 if step > 3 else 0))
        row = bar.figures
        if row is None:
            painter.fillRect(QRectF(left, field.top(), width, field.height()), QColor(*palette.RED, 70))
            return
        if row.lung:
            painter.fillRect(QRectF(left, field.bottom() - 1, width, 2), QColor(*palette.FAINT))
        foot = field.bottom() - 1
        for label in INFECTED:
            share = 100 * getattr(row, label.key) / row.lung if row.lung else 0.0
            tall = field.height() * share / self._top
            colour = self._session.layers.by_group[label.key].value.colour
            painter.fillRect(QRectF(left, foot - tall, width, tall), QColor(*colour, 130 if self._rough else 255))
            foot -= tall

    def _paint_marks(self, painter: QPainter) -> None:
        field = self._field()
        for number in self.key_numbers:
            x = self.x_of(number)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(*palette.MEASURE))
            painter.drawPolygon(QPolygonF([QPointF(x - 5, 0), QPointF(x + 5, 0), QPointF(x, 8)]))
        present = self.present
        if present is None:
            return
        x = self.x_of(present)
        painter.fillRect(QRectF(x - 0.75, 0, 1.5, field.bottom() + 2), QColor(*palette.ACCENT))
        painter.setPen(QColor(*palette.TEXT))
        box = QRectF(min(max(x - 40, field.left() + 56), field.right() - 140), field.bottom() + 2, 80, _BOTTOM - 2)
        row = self._bars[present - 1].figures
        share = "" if row is None or row.percent is None else f" · {self._about}{percent(row.percent)}"
        painter.drawText(box.adjusted(-30, 0, 30, 0), Qt.AlignmentFlag.AlignCenter, f"{present}{share}")

    # the mouse ----------------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Qt's hook."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._go(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Qt's hook."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go(event.position().x())
        number = self.number_at(event.position().x())
        self.setCursor(Qt.CursorShape.ArrowCursor if number is None else Qt.CursorShape.PointingHandCursor)
        if number is not None:
            QToolTip.showText(event.globalPosition().toPoint(), self.words(number), self)

    def words(self, number: int) -> str:
        """What is known of a slice, in one line."""
        row = self._bars[number - 1].figures
        place = f"{number}/{len(self._bars)}"
        if row is None:
            return f"{place} · missing, not measured"
        share = f"{self._about}{percent(row.percent)} infected"
        if row.percent is None:
            share = "no lung" if not row.lung else "nothing found so far" if self._rough else "not segmented"
        if self._axial is not None and self._axial.orientation_known and self._axial.spacing_known:
            place += f" · {position(row.position_mm)}"
        return f"{place} · {share}"

    @property
    def _about(self) -> str:
        return "about " if self._rough else ""

    def _go(self, x: float) -> None:
        number = self.number_at(x)
        if number is not None:
            go_to_number(self._session, "axial", number)
