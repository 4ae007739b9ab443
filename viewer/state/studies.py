"""Series of several studies in one folder: which belong together, in which order, under which words. No Qt."""

from __future__ import annotations

from collections.abc import Sequence

from inference.io.study import SeriesInfo

Key = tuple[str, ...]
_NO_HEADER = "Files without DICOM header"


def study_of(info: SeriesInfo) -> Key:
    """What the series of one study have in common; files without a header share one key."""
    who = info.identity
    if info.kind != "dicom":
        return ()
    if info.study_uid:
        return info.study_uid, who.patient_id  # some anonymisers give every patient the same study UID
    return info.study_date, who.patient_id, who.name


def same_study(one: SeriesInfo, other: SeriesInfo) -> bool:
    """Whether two series are known to be of one study; nobody knows of files without a header."""
    return study_of(one) == study_of(other) != ()


def by_study(series: Sequence[SeriesInfo]) -> list[SeriesInfo]:
    """The series with those of one study together; studies and series in the order in which they were found."""
    groups: dict[Key, list[SeriesInfo]] = {}
    for info in series:
        groups.setdefault(study_of(info), []).append(info)
    return [info for group in groups.values() for info in group]


def study_count(series: Sequence[SeriesInfo]) -> int:
    """How many studies there are; files without a header, as masks beside their CT, make none."""
    return len({study_of(info) for info in series} - {()})


def study_words(series: Sequence[SeriesInfo], identity_hidden: bool) -> dict[Key, str]:
    """Date and patient of each study, only its number while identity is hidden; no two alike."""
    first: dict[Key, SeriesInfo] = {}
    for info in series:
        first.setdefault(study_of(info), info)
    words: dict[Key, str] = {}
    for number, (key, info) in enumerate(first.items(), start=1):
        text = _NO_HEADER if not key else "" if identity_hidden else _date_and_patient(info)
        words[key] = text if text and text not in words.values() else f"{text} · study {number}".strip(" ·")
    return {key: text[:1].upper() + text[1:] for key, text in words.items()}


def date_words(text: str) -> str:
    """A DICOM date as 2020-04-12; anything else as it is."""
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if len(text) == 8 and text.isdigit() else text


def _date_and_patient(info: SeriesInfo) -> str:
    who = info.identity
    name = who.plain_name or who.patient_id
    return " · ".join(part for part in (date_words(info.study_date), name) if part)
