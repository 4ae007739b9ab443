"""Keeping the patient out of what leaves the program."""

from __future__ import annotations

import re
from dataclasses import asdict

from inference.io.study import Identity, SeriesInfo

_SHORTEST_TOKEN = 3
_REMOVED = "[removed]"


def identity_of(info: SeriesInfo) -> dict[str, str]:
    """Who the patient is, and the identifiers and free text of the study; only for those who asked for it."""
    return {
        **asdict(info.identity),
        "study_date": info.study_date,
        "study_uid": info.study_uid,
        "series_uid": info.uid,
        "description": info.description,
        "body_part": info.body_part,
    }


def redacted(text: str, identity: Identity) -> str:
    """``text`` without any part of the patient's name, number, birth date or accession number.

    Free-text header fields (a description, a kernel typed by hand) sometimes repeat them.
    """
    for token in _tokens(identity):
        text = re.sub(rf"(?<!\w){re.escape(token)}(?!\w)", _REMOVED, text, flags=re.IGNORECASE)
    return text


def _tokens(identity: Identity) -> list[str]:
    whole = (identity.name, identity.patient_id, identity.accession, identity.birth_date)
    parts = re.split(r"[\^=\s,]+", identity.name)
    tokens = {token.strip() for token in (*whole, *parts)}
    return sorted((token for token in tokens if len(token) >= _SHORTEST_TOKEN), key=len, reverse=True)
