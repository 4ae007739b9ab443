"""The overlays: per label visibility, colour, opacity, fill or outline."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, QSize, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QColorDialog, QGridLayout, QLabel, QSizePolicy, QSlider, QToolButton, QVBoxLayout, QWidget

from inference.findings import Findings
from viewer.binding import observe
from viewer.state.layers import AGREEMENT, HEATMAP, Layer, labels
from viewer.state.session import Masks, Session
from viewer.widgets.agreement_legend import agreement_legend
from viewer.widgets.theme import icon, swatches


class LayerRow(QWidget):
    """The controls of one layer."""

    def __init__(self, session: Session, group: str) -> None:
        super().__init__()
        self._session, self._group = session, group
        self._eye = _button("Show or hide")
        self._eye.clicked.connect(lambda: self._change(visible=not self._layer.visible))
        self._colour = _button("Colour")
        self._colour.clicked.connect(self._choose_colour)
        self._style = _button("Fill or outline")
        self._style.clicked.connect(lambda: self._change(outline=not self._layer.outline))
        self._name = QLabel()
        self._name.setStyleSheet("font-size: 12px;")
        self._opacity = QSlider(Qt.Orientation.Horizontal)
        self._opacity.setRange(0, 100)
        self._opacity.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._opacity.valueChanged.connect(lambda percent: self._change(opacity=percent / 100))
        grid = QGridLayout(self)
        grid.setContentsMargins(6, 1, 8, 1)
        grid.setHorizontalSpacing(2)
        grid.setVerticalSpacing(0)
        grid.addWidget(self._eye, 0, 0)
        grid.addWidget(self._colour, 0, 1)
        grid.addWidget(self._name, 0, 2)
        grid.addWidget(self._opacity, 0, 3)
        grid.addWidget(self._style, 0, 4)
        self._legend = QLabel()
        self._legend.setStyleSheet("font-size: 12px;")
        self._legend.setToolTip(
            "How many of the learned systems mark a place as infected; it stands in for the classes"
        )
        self._legend.hide()
        grid.addWidget(self._legend, 1, 1, 1, 4)
        grid.setColumnStretch(2, 1)
        self._name.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._opacity.setFixedWidth(52)
        observe(self, session.layers.by_group[group], self._show)

    @property
    def _layer(self) -> Layer:
        return self._session.layers.by_group[self._group].value

    def _show(self, layer: Layer) -> None:
        self._name.setText(layer.name)
        self._name.setToolTip(layer.name)
        self._name.setEnabled(layer.available and layer.visible)
        self._eye.setIcon(icon("visible" if layer.visible else "hidden"))
        self._eye.setToolTip(f"{'Hide' if layer.visible else 'Show'} {layer.name.lower()}")
        colours = _colours(layer)
        self._colour.setIcon(swatches(list(colours.values())))
        parts = ", ".join(colours) if len(colours) > 1 else ""
        self._colour.setToolTip(f"Colours, from the left: {parts}" if parts else "Colour")
        self._style.setIcon(icon("outline" if layer.outline else "fill"))
        self._style.setToolTip("Outlined; click to fill" if layer.outline else "Filled; click for the outline")
        with QSignalBlocker(self._opacity):
            self._opacity.setValue(round(layer.opacity * 100))
        self._opacity.setToolTip(f"Opacity {layer.opacity:.0%}")
        self._opacity.setAccessibleName(f"Opacity of {layer.name.lower()}")
        for control in (self._eye, self._colour, self._style, self._opacity):
            control.setEnabled(layer.available)
        heat, counted = self._group == HEATMAP, self._group == AGREEMENT
        self.setVisible(layer.available or not (heat or counted))
        self._style.setVisible(not heat)
        self._colour.setVisible(not (heat or counted))
        self._legend.setVisible(counted and layer.visible)

    def _change(self, **what: object) -> None:
        self._session.layers.change(self._group, **what)

    def show_systems(self, count: int) -> None:
        """The colours of the agreement of so many systems."""
        self._legend.setText(agreement_legend(count))

    def _choose_colour(self) -> None:
        chosen = QColorDialog.getColor(QColor(*self._layer.colour), self, f"Colour of {self._layer.name.lower()}")
        if chosen.isValid():
            self._change(colour=(chosen.red(), chosen.green(), chosen.blue()))


class LayerPanel(QWidget):
    """One row per layer; a row is alive once an analysis has drawn its masks."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        heading = QLabel("LAYERS")
        heading.setProperty("role", "heading")
        heading.setContentsMargins(10, 0, 0, 0)
        self._hint = QLabel()
        self._hint.setProperty("role", "dim")
        self._hint.setContentsMargins(10, 0, 8, 0)
        self._hint.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 6)
        column.setSpacing(2)
        column.addWidget(heading)
        column.addWidget(self._hint)
        self.rows = {group: LayerRow(session, group) for group in session.layers.by_group}
        for row in self.rows.values():
            column.addWidget(row)
        column.addStretch(1)
        self._session = session
        observe(self, session.masks, lambda masks: self._show_available(masks, session.findings.value))
        observe(self, session.findings, lambda findings: self._show_available(session.masks.value, findings))
        observe(self, session.layers.all_hidden, lambda _: self._show_hint())
        observe(self, session.layers.by_group[AGREEMENT], lambda _: self._show_hint())

    def _show_available(self, masks: Masks, findings: Findings | None) -> None:
        written = set() if findings is None else set(findings.output.sources)
        compared = None if findings is None else findings.output.agreement
        self.rows[AGREEMENT].show_systems(0 if compared is None else len(compared.systems))
        for group, value in self._session.layers.by_group.items():
            if group == "lungs":
                available = masks.lungs is not None
            elif group == HEATMAP:
                available = masks.heatmap is not None
            elif group == AGREEMENT:
                available = masks.agreement is not None
            else:
                available = masks.lesions is not None and (findings is None or group in written)
            if value.value.available != available:
                self._session.layers.change(group, available=available)
        self._show_hint()

    def _show_hint(self) -> None:
        masks = self._session.masks.value
        if self._session.layers.all_hidden.value:
            text = "All hidden (O)"
        elif masks.lungs is None and masks.lesions is None:
            text = "Nothing analysed yet"
        elif (agreement := self._session.layers.by_group[AGREEMENT].value).available and agreement.visible:
            text = "Agreement is drawn in the place of the classes"
        else:
            text = ""
        self._hint.setText(text)
        self._hint.setVisible(bool(text))


def _colours(layer: Layer) -> dict[str, tuple[int, int, int]]:
    """The colours in which a layer is drawn, by what they stand for: each label's own until the reader chooses one."""
    own = [label for label in labels() if label.group == layer.group]
    if not own or layer.colour != own[0].colour:
        return {layer.name: layer.colour}
    by_colour: dict[tuple[int, int, int], str] = {}
    for label in own:
        by_colour.setdefault(label.colour, label.name.lower())
    return {name: colour for colour, name in by_colour.items()}


def _button(name: str) -> QToolButton:
    button = QToolButton()
    button.setIconSize(QSize(16, 16))
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.setToolTip(name)
    button.setAccessibleName(name)
    button.setStyleSheet("padding: 2px;")
    return button
