"""A session with an analysed phantom in it, for the tests of panel, chart and lesion list."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from inference.findings import Findings
from inference.verdict import Verdict
from tests.helpers.analysed import findings_of, loaded_of
from tests.helpers.phantoms import Chest, chest
from viewer.state.session import Session

GREEN = Verdict((), ("ct", "hounsfield"))


@cache
def case(position: str = "HFS", code: str | None = None) -> Chest:
    """Disease in both lungs, more in the right; fluid on the left."""
    return chest(disease="both", effusion="left", position=position, code=code, noise_hu=0.0)


@cache
def found(position: str = "HFS", code: str | None = None) -> Findings:
    """Its findings."""
    return findings_of(case(position, code))


def opened(verdict: Verdict = GREEN, position: str = "HFS", code: str | None = None) -> Session:
    """The phantom opened and not yet analysed, looked at in its middle."""
    session = Session()
    session.verdict.value = verdict
    session.loaded.value = loaded_of(case(position, code), verdict)
    session.look_at(case(position, code).volume.geometry.centre)
    return session


def analysed(verdict: Verdict = GREEN, position: str = "HFS", code: str | None = None, **changes: Any) -> Session:
    """The phantom opened and analysed."""
    session = opened(verdict, position, code)
    findings = findings_of(case(position, code), **changes) if changes else found(position, code)
    session.show_masks(findings.output.lungs.array, findings.output.lesions.array)
    session.findings.value = findings
    return session


def voxel(session: Session) -> tuple[int, int, int]:
    """The voxel of the open volume's own grid that the crosshair lies in."""
    loaded = session.loaded.value
    assert loaded is not None
    k, j, i = np.rint(loaded.volume.geometry.to_index(session.crosshair.value)).astype(int)
    return int(k), int(j), int(i)
