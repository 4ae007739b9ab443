"""Where the real images are, for tests that need them. A user's machine has none: those tests skip and say so."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def shared_data() -> Path:
    """The folder of real images beside the checkout, or the one that GROUNDGLASS_SHARED_DATA names; else skip."""
    named = os.environ.get("GROUNDGLASS_SHARED_DATA")
    folder = Path(named) if named else Path(__file__).resolve().parents[3] / "shared" / "data"
    if not (folder / "README.md").is_file():
        pytest.skip("the real images (shared/data) are not on this machine")
    return folder
