"""The documentation of the command line names every option, file, column and key, and none that there is not."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from inference import cli
from inference.commands.predict_images import COLUMNS
from inference.findings import Agreement
from inference.io.export import POSSIBLE_NAMES

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.mark.parametrize("command", cli._COMMANDS)
def test_usage_has_every_option_of_a_command(command: str) -> None:
    usage = (DOCS / "command-line.md").read_text("utf-8").split("```")[1]
    lines = re.split(r"^groundglass ", usage, flags=re.MULTILINE)
    written = next((line for line in lines if line.split(maxsplit=1)[:1] == [command]), "")
    options = {word for action in cli._parser_of(command)._actions for word in action.option_strings}
    assert written
    assert options - {"-h", "--help"} == set(re.findall(r"--[a-z-]+", written))


def test_every_file_column_and_key_is_described() -> None:
    text = (DOCS / "command-line.md").read_text("utf-8")
    assert [name for name in (*POSSIBLE_NAMES, *COLUMNS) if f"`{name}`" not in text] == []
    keys = [field.name for field in fields(Agreement) if field.name != "marks"]
    described = (DOCS / "findings.md").read_text("utf-8").partition("`agreement` (")[2]
    assert [key for key in keys if f"| `{key}` |" not in described] == []
