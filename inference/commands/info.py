"""``groundglass info``: the series of a study, their geometry and verdict, without patient and file names."""

from __future__ import annotations

import argparse
import json
import re
from typing import Any

from inference.commands.console import Console, one_line, printable, say
from inference.io.export_identity import redacted
from inference.io.export_json import plain
from inference.io.study import Problem, SeriesInfo, Study


def run(options: argparse.Namespace) -> int:
    """Scan the headers and print the list."""
    from inference.io.open import scan

    console = Console()
    study = scan(options.study, on_series=lambda info: console.note(f"series {info.index}: {info.slices} slices"))
    console.clear()
    document = describe(study)
    say(json.dumps(document, indent=2, allow_nan=False) if options.json else _text(document))
    return 0


def describe(study: Study) -> dict[str, Any]:
    """The study as plain values, free of identity: no name, number, date or file name."""
    document: dict[str, Any] = plain(
        {
            "schema_version": 1,
            "files_seen": study.files_seen,
            "proposed": None if study.proposed is None else study.series[study.proposed].index,
            "series": [_series(info, study.proposed == number) for number, info in enumerate(study.series)],
            "problems": [_problem(problem, study) for problem in study.problems],
        }
    )
    return document


def _series(info: SeriesInfo, proposed: bool) -> dict[str, Any]:
    return {
        "index": info.index,
        "uid": info.uid,
        "kind": info.kind,
        "modality": redacted(info.modality, info.identity) or None,
        "description": redacted(info.description, info.identity) or None,
        "kernel": redacted(info.kernel, info.identity) or None,
        "slices": info.slices,
        "rows": info.rows,
        "columns": info.columns,
        "spacing_kji_mm": info.spacing_mm,
        "thickness_mm": info.thickness_mm,
        "transfer_syntax": info.transfer_syntax or None,
        "localizer": info.is_localizer,
        "xray": info.is_xray,
        "loadable": info.loadable,
        "proposed": proposed,
        "reason": redacted(info.reason, info.identity),
        "verdict": info.verdict.colour.word,
        "reasons": [
            {"code": reason.code, "colour": reason.colour.word, "text": reason.text, "provisional": reason.provisional}
            for reason in info.verdict.reasons
        ],
    }


def _problem(problem: Problem, study: Study) -> str:
    """The problem without the file's name, which can carry a patient's number."""
    name = rf"(?<!\w){re.escape(problem.file)}(?!\w)"
    text = re.sub(name, "a file", problem.text) if problem.file else problem.text
    for info in study.series:
        text = redacted(text, info.identity)
    return one_line(text)


def _text(document: dict[str, Any]) -> str:
    lines = [f"{len(document['series'])} series in {document['files_seen']} files"]
    for one in document["series"]:
        lines += _series_lines(one)
    counted: dict[str, int] = {}
    for problem in document["problems"]:
        counted[problem] = counted.get(problem, 0) + 1
    lines += [f"left out, {number} times: {problem}" for problem, number in counted.items()]
    return "\n".join(map(printable, lines))


def _series_lines(one: dict[str, Any]) -> list[str]:
    spacing = one["spacing_kji_mm"]
    parts = [one["modality"] or one["kind"], one["description"], f"{one['slices']} x {one['rows']} x {one['columns']}"]
    if spacing:
        parts.append(f"{spacing[0]:.2f} x {spacing[1]:.2f} x {spacing[2]:.2f} mm")
    if one["thickness_mm"]:
        parts.append(f"{one['thickness_mm']:g} mm thick")
    parts.append(one["kernel"])
    head = f"{'*' if one['proposed'] else ' '} {one['index']}  " + ", ".join(part for part in parts if part)
    lines = [head, f"     UID {one['uid']}", f"     {one['reason']}", f"     {one['verdict']}"]
    for reason in one["reasons"]:
        provisional = " (provisional)" if reason["provisional"] else ""
        lines.append(f"       {reason['colour']}: {reason['text']}{provisional}")
    return lines
