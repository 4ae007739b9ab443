"""About: what the program is, what it is not for, and what it stands on."""

from __future__ import annotations

from PySide6.QtCore import Qt, qVersion
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QVBoxLayout, QWidget

from inference.software import NAME, NOTICE, version
from viewer.widgets.theme import icon

_TEXT = """
<p>A viewer for chest CT in pneumonia. It finds lungs, ground-glass opacity, consolidation and effusion on this
computer; no image leaves it.</p>
<p><b>{notice}.</b> Nothing here replaces a reader. Tumour, oedema, atelectasis and motion can look like infection, and
nodules, embolism, lymph nodes and fractures are not assessed at all.</p>
<p style="color:#9c9c9c">Apache License 2.0. Built with Qt {qt}, pyqtgraph, VTK, pydicom, SimpleITK, NumPy and SciPy,
under their own licences.</p>
"""


class About(QDialog):
    """Name, version, notice, licence."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"About {NAME}")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        picture = QLabel()
        picture.setPixmap(icon("groundglass").pixmap(40, 40))
        heading = QLabel(f"{NAME} {version()}")
        heading.setProperty("role", "title")
        text = QLabel(_TEXT.format(notice=NOTICE, qt=qVersion()))
        text.setWordWrap(True)
        text.setTextFormat(Qt.TextFormat.RichText)
        text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.close)
        column = QVBoxLayout(self)
        column.setContentsMargins(28, 24, 28, 18)
        column.setSpacing(10)
        for widget in (picture, heading, text, buttons):
            column.addWidget(widget)
        self.setFixedWidth(480)
