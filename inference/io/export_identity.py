"""Keeping the patient out of what leaves the program."""

from __future__ import annotations

import re
from dataclasses import asdict

from inference.io.study import Identity, SeriesInfo

_SHORTEST_TOKEN = 3
_SHORTEST_IDEOGRAMS = 2
_IDEOGRAMS = re.compile(r"[\u2e80-\uffdc\U00020000-\U0003ffff]")
"""Chinese, Japanese and Korean letters: a name is two or three of them, and no blanks part the words."""
_REMOVED = "[removed]"


def identity_of(info: SeriesInfo) -> dict[str, str]:
    """Who the patient is, and the identifiers and free text of the study; only for those who asked for it."""
    who = asdict(info.identity)
    del who["is_file_name"]
    return {
        **who,
        "study_date": info.study_date,
        "study_uid": info.study_uid,
        "series_uid": info.uid,
        "description": info.description,
        "body_part": info.body_part,
    }


def redacted(text: str, identity: Identity) -> str:
    """``text`` without any part of the patient's name, number, birth date or accession number.

    Free-text header fields (a description, a kernel typed by hand) sometimes repeat them. What is told of a file
    without headers is in the program's own words and stays.
    """
    if identity.is_file_name:
        return text
    for pattern in (*_dates(identity.birth_date), *map(_pattern, _tokens(identity))):
        text = re.sub(pattern, _REMOVED, text, flags=re.IGNORECASE)
    return text


def _tokens(identity: Identity) -> list[str]:
    whole = (identity.name, identity.patient_id, identity.accession, identity.birth_date)
    parts = re.split(r"[\^=\s,]+", identity.name)
    joined = [re.sub(r"[\^\s]+", "", group) for group in identity.name.split("=")]
    tokens = {token.strip() for token in (*whole, *parts, *joined)}
    return sorted(filter(_is_telling, tokens), key=len, reverse=True)


def _is_telling(token: str) -> bool:
    return len(token) >= (_SHORTEST_IDEOGRAMS if _IDEOGRAMS.search(token) else _SHORTEST_TOKEN)


def _pattern(token: str) -> str:
    """The token as a word of its own: underscores part words, and nothing need part ideograms."""
    if _IDEOGRAMS.search(token):
        return re.escape(token)
    return rf"(?<![^\W_]){re.escape(token)}(?![^\W_])"


def _dates(birth_date: str) -> list[str]:
    """The birth date as people write it, whatever stands between its parts."""
    known = re.fullmatch(r"(\d{4})(\d{2})(\d{2})", birth_date)
    if known is None:
        return []
    year, month, day = known.groups()
    orders = ((year, month, day), (day, month, year), (month, day, year))
    return [rf"(?<!\d){one}[ ./_-]?{two}[ ./_-]?{three}(?!\d)" for one, two, three in orders]
