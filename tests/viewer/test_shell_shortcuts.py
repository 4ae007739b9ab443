"""The key list: what CLINICAL names, nothing twice, nothing of features that do not exist yet."""

from pathlib import Path

import pytest

from viewer.shortcuts import commands, conflicts, gestures, reserved
from viewer.state.window_level import presets

CLINICAL = {
    "slice_up": ("Up",), "slice_down": ("Down",), "slice_up_10": ("Shift+Up",), "slice_down_10": ("Shift+Down",),
    "slice_first": ("Home",), "slice_last": ("End",), "previous_series": ("PgUp",), "next_series": ("PgDown",),
    "tool_window": ("W",), "tool_pan": ("M", "T"), "tool_zoom": ("Z",), "tool_length": ("L", "D"),
    "tool_angle": ("A",), "tool_ellipse": ("E",), "tool_probe": ("P",), "key_image": ("K",), "cine": ("C",),
    "crosshair": ("H",), "invert": ("I",), "hide_overlays": ("O",), "next_key_image": ("Space",), "reset": ("R",),
    "fullscreen": ("F11",), "step_back": ("Esc",), "window_file": ("0",),
}  # fmt: skip


@pytest.mark.parametrize(("name", "keys"), CLINICAL.items())
def test_command_has_the_key_that_radiologists_expect(name, keys):
    assert {command.id: command.keys for command in commands()}[name] == keys


def test_question_mark_opens_the_sheet():
    assert "?" in {command.id: command.keys for command in commands()}["help"]


def test_every_preset_has_its_digit():
    by_id = {command.id: command for command in commands()}
    for preset in presets():
        assert by_id[f"window_{preset.key}"].keys == (preset.key,)
        assert by_id[f"window_{preset.key}"].text.lower() == preset.name


def test_no_key_belongs_to_two_commands_and_no_command_is_listed_twice():
    keys = [key for command in commands() for key in command.keys]
    ids = [command.id for command in commands()]
    assert len(keys) == len(set(keys)) and len(ids) == len(set(ids))


def test_keys_of_editing_are_free_and_reserved():
    taken = {key for command in commands() for key in command.keys}
    assert {"Ctrl+Z", "Ctrl+Shift+Z", "[", "]", "X"} <= set(reserved())
    assert not taken & set(reserved())


def test_reader_can_rebind_a_command():
    assert {c.id: c.keys for c in commands({"cine": ("Shift+C", "V")})}["cine"] == ("Shift+C", "V")


@pytest.mark.parametrize(("keys", "why"), [(("X",), "editing"), (("W",), "Window and level")])
def test_reserved_or_taken_key_is_refused_with_the_reason(keys, why):
    assert why in conflicts("cine", keys, commands())
    assert {c.id: c.keys for c in commands({"cine": keys})}["cine"] == ("C",)


def test_key_that_another_command_gave_up_can_be_taken():
    overrides = {"tool_window": ("Shift+W",), "cine": ("W",)}
    by_id = {c.id: c.keys for c in commands(overrides)}
    assert by_id["tool_window"] == ("Shift+W",) and by_id["cine"] == ("W",)


def test_two_commands_can_exchange_their_keys_in_any_order():
    for overrides in ({"cine": ("I",), "invert": ("C",)}, {"invert": ("C",), "cine": ("I",)}):
        by_id = {c.id: c.keys for c in commands(overrides)}
        assert by_id["cine"] == ("I",) and by_id["invert"] == ("C",)


def test_of_two_overrides_with_one_key_the_first_stays():
    by_id = {c.id: c.keys for c in commands({"cine": ("F2",), "invert": ("F2",)})}
    assert by_id["cine"] == ("F2",) and by_id["invert"] == ("I",)


def test_unknown_command_in_the_settings_is_ignored():
    assert commands({"make_coffee": ("F2",)}) == commands()


def test_manual_lists_every_key_and_gesture_as_the_program_has_them():
    manual = (Path(__file__).parents[2] / "docs" / "using.md").read_text("utf-8")
    for command in commands():
        if command.keys:
            assert f"| {', '.join(f'`{key}`' for key in command.keys)} | {command.label} |" in manual
    for gesture in gestures():
        assert f"| {gesture.gesture} | {gesture.text} |" in manual
