"""The surfaces of an analysis, for the 3D view and for export. Slow: call it off the GUI thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from inference.findings import Findings
from viewer.state.layers import labels

if TYPE_CHECKING:
    from viewer.rendering.meshing import Surface


def surfaces_of(findings: Findings, report: Callable[[float], None]) -> tuple[Surface, ...]:
    """The mesh of every label that the masks hold; ``report`` may raise to stop."""
    from viewer.rendering.meshing import surfaces

    output = findings.output
    wanted = tuple((label.key, label.mask, label.code) for label in labels())
    return surfaces(output.lungs.array, output.lesions.array, output.lungs.geometry, wanted, report)
