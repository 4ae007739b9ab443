"""Contrast agent that only the words of a series' description name."""

from __future__ import annotations

import re

_NAMED = re.compile(
    r"contrast|\bc\+|\bke\b|\bkm\b|angio|\bcta\b|arteri|venous|\bpost[- ]?(?:iv|inj|km|gd)\b", re.IGNORECASE
)
_DENIED = re.compile(
    r"without|non[- ]?con|native|nativ|\bno (?:iv )?contrast|unenhanced|w/?o\b|\bpre[- ]?contrast|\bc-(?:\s|$)",
    re.IGNORECASE,
)


def described_as_enhanced(description: str) -> bool:
    """Whether a series' description, (0008,103E), names a contrast agent and does not deny it."""
    return bool(_NAMED.search(description)) and not _DENIED.search(description)
