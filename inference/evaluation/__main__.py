"""Pages of figures, for a checkout of the source code: ``python -m inference.evaluation results|cards|score``.

``results`` writes ``docs/results.md`` from fold checkpoints, records of folds that were finished before (which are
kept in ``docs/records``) and shipped weights; a part that has none of them keeps its place on the page. What has been
judged once is kept in the cache. ``cards`` writes a model card for every listed network. ``score`` analyses a complete
CT of ``covid-ct-md`` with a system, says its figures and logs them; ``covid-P001`` and ``normal-001`` once for each
release.
"""

from __future__ import annotations

import argparse
import math
import sys
from datetime import date
from pathlib import Path
from typing import Any

from inference.commands.console import say

DOCS, CARDS, RECORDS = Path("docs"), Path("resources") / "cards", "records"


def run(options: argparse.Namespace) -> int:
    """Do what was asked; returns the exit code."""
    done: int = {"results": _results, "cards": _cards, "score": _score}[options.command](options)
    return done


def _results(options: argparse.Namespace) -> int:
    from inference.evaluation.kept import Page
    from inference.evaluation.parts import gather
    from inference.evaluation.results import document

    where, page = _where(options), options.out or DOCS / "results.md"
    before = Page(page.read_text("utf-8") if page.is_file() else "")
    found = gather(where, _shipped(options), options.records or page.parent / RECORDS, keep=True)
    _write(page, document(found, where, options.log, options.tried, before, options.tables))
    return 0


def _cards(options: argparse.Namespace) -> int:
    from inference.evaluation.cards import cards
    from inference.evaluation.parts import gather

    folder: Path = options.out or CARDS
    found = gather(_where(options), _shipped(options), options.records or DOCS / RECORDS)
    for name, text in cards(found, options.networks).items():
        if options.card is None or name in options.card:
            _write(folder / f"{name}.md", text)
    return 0


def _shipped(options: argparse.Namespace) -> bool | list[str]:
    """Which shipped weights are run beside their checkpoints."""
    named: list[str] | None = options.shipped
    return named if named is not None else not options.no_shipped


def _score(options: argparse.Namespace) -> int:
    from inference.commands.console import Console
    from inference.evaluation import scored
    from inference.evaluation.true_hu import score
    from inference.software import version

    command = f"python -m inference.evaluation score {options.case} --system {options.system}"
    scored.refuse_again(options.log, version(), [options.case], options.system)
    console = Console()
    found = score(
        options.data, options.case, options.system, config=options.config or "", device=options.device,
        emit=console.on_event,
    )  # fmt: skip
    console.clear()
    note = f"{found.slices} slices hold lung, {found.marked} marked"
    if found.weights:
        note += f"; {', '.join(found.weights)}"
    lines = [
        scored.Scored(
            version(), date.today().isoformat(), options.case, options.system, name, f"{one.value:.3f}",
            "" if math.isnan(one.low) else f"{one.low:.3f}", "" if math.isnan(one.high) else f"{one.high:.3f}",
            command, note,
        )
        for name, one in found.figures.items()
    ]  # fmt: skip
    if options.case in scored.TEST_CASES or not options.no_log:
        scored.append(options.log, lines)
    for line in lines:
        spread = f" ({line.low}-{line.high})" if line.low else ""
        say(f"{line.case}, {line.system}, {line.figure}: {line.value}{spread}; {line.note}")
    return 0


def _where(options: argparse.Namespace) -> Any:
    from inference.evaluation.sources import Where
    from inference.training.devices import join

    cache = options.cache or options.runs / "cache"
    return Where(options.data, cache, options.runs, join(options.device), _note)


def _note(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _write(place: Path, text: str) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    beside = place.with_name(f".{place.name}.new")
    beside.write_text(text, "utf-8")
    beside.replace(place)
    say(str(place))


def parser() -> argparse.ArgumentParser:
    """The arguments."""
    out = argparse.ArgumentParser(
        prog="python -m inference.evaluation", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = out.add_subparsers(dest="command", required=True)
    for name in ("results", "cards"):
        one = commands.add_parser(name)
        one.add_argument("--runs", type=Path, metavar="DIR", required=True, help="folder of the checkpoints")
        one.add_argument("--cache", type=Path, metavar="DIR", help="folder for prepared pictures; default: RUNS/cache")
        one.add_argument("--out", type=Path, metavar="PATH", help="default: docs/results.md, resources/cards")
        one.add_argument("--no-shipped", action="store_true", help="do not run the shipped weights, only checkpoints")
        one.add_argument("--shipped", metavar="PART", nargs="+", help="run the shipped weights of these parts alone")
        one.add_argument("--records", type=Path, metavar="DIR", help="records of folds; default: beside the page")
        one.add_argument("--networks", type=Path, default=DOCS / "networks.md", help="where the decisions stand")
        one.add_argument("--tried", type=Path, default=DOCS / "tried.csv", help="what was tried for missed aims")
    commands.choices["results"].add_argument(
        "--tables",
        metavar="NAME",
        nargs="*",
        help="make these tables anew, keep the others; default: all",
    )
    commands.choices["cards"].add_argument("--card", metavar="NAME", nargs="+", help="write these cards alone")
    scoring = commands.add_parser("score")
    scoring.add_argument("case", help="a folder of covid-ct-md: cap-001 (development), covid-P001, normal-001")
    scoring.add_argument("--system", default="consensus")
    scoring.add_argument("--config", choices=("paper", "compact"))
    scoring.add_argument("--no-log", action="store_true", help="do not log a development case")
    for one in commands.choices.values():
        one.add_argument("--data", type=Path, metavar="DIR", required=True, help="folder with the data sets")
        one.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
        one.add_argument("--log", type=Path, default=DOCS / "scored.csv", help="log of the scored cases")
    return out


def main(arguments: list[str] | None = None) -> int:
    """Parse, do, and turn what goes wrong into one line and an exit code."""
    from inference.cli import guarded
    from inference.quiet import quiet_libraries

    options = parser().parse_args(arguments)
    with quiet_libraries():
        return guarded(lambda: run(options))


if __name__ == "__main__":
    raise SystemExit(main())
