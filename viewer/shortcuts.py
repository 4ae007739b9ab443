"""The keys: one list (resources/data/shortcuts.json) for the menus, the tooltips, the key sheet and the key editor."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class Command:
    """Something the reader can do: its name, its place in the key sheet, its words and its keys (Qt's spelling)."""

    id: str
    section: str
    text: str
    keys: tuple[str, ...]
    repeat: bool = False

    @property
    def label(self) -> str:
        """The words without the ellipsis of a menu."""
        return self.text.removesuffix("…")


@dataclass(frozen=True)
class Gesture:
    """Something the mouse does on a slice."""

    gesture: str
    text: str


@cache
def _shipped() -> tuple[tuple[Command, ...], tuple[Gesture, ...], Mapping[str, str]]:
    content = json.loads((files("resources") / "data" / "shortcuts.json").read_text("utf-8"))
    commands = tuple(Command(**{**row, "keys": tuple(row["keys"])}) for row in content["actions"])
    gestures = tuple(Gesture(**row) for row in content["mouse"])
    return commands, gestures, {row["key"]: row["for"] for row in content["reserved"]}


def commands(overrides: Mapping[str, tuple[str, ...]] | None = None) -> tuple[Command, ...]:
    """Every command, with the reader's own keys where he chose some.

    An override that would use a reserved key, or a key that another command keeps, is left out: the shipped keys stay.
    Overrides count all together, so two commands may exchange their keys.
    """
    shipped = {command.id: command for command in _shipped()[0]}
    chosen = {
        name: replace(shipped[name], keys=tuple(keys)) for name, keys in (overrides or {}).items() if name in shipped
    }
    result = shipped | chosen
    while bad := [name for name in chosen if conflicts(name, result[name].keys, result.values())]:
        result[bad[-1]] = shipped[bad[-1]]
        del chosen[bad[-1]]
    return tuple(result.values())


def gestures() -> tuple[Gesture, ...]:
    """What the mouse does."""
    return _shipped()[1]


def reserved() -> Mapping[str, str]:
    """Keys kept free for later, and for what."""
    return _shipped()[2]


def conflicts(name: str, keys: Iterable[str], among: Iterable[Command]) -> str:
    """Why ``keys`` cannot be the keys of command ``name``, in one sentence; "" if they can."""
    owners = {key: command for command in among if command.id != name for key in command.keys}
    for key in keys:
        if key in reserved():
            return f"{key} is kept free for {reserved()[key]}."
        if key in owners:
            return f"{key} is already used for “{owners[key].label}”."
    return ""
