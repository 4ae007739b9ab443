"""What the window remembers, and what it refuses to read back."""

import json
from datetime import datetime
from pathlib import Path

from viewer.settings import RECENT_LIMIT, Frame, OwnPlace, Preferences, Recent, Settings


def test_settings_come_back_as_they_were_saved(tmp_path: Path):
    file = tmp_path / "deep" / "settings.json"
    first = Settings(file)
    first.change_preferences(drag_up_brightens=False)
    first.frame.value = Frame(layout="axial", window_width=400.0, left_open=False)
    first.remember(tmp_path / "study", datetime(2020, 4, 12, 10, 30))
    first.shortcuts.value = {"cine": ("Shift+C",)}
    first.layers.value = {"effusion": {"opacity": 0.25, "visible": False}}
    first.save()
    second = Settings(file)
    assert second.preferences.value == Preferences(drag_up_brightens=False)
    assert second.frame.value == Frame(layout="axial", window_width=400.0, left_open=False)
    assert second.recent.value == (Recent(str(tmp_path / "study"), "2020-04-12T10:30"),)
    assert second.shortcuts.value == {"cine": ("Shift+C",)}
    assert second.layers.value == {"effusion": {"opacity": 0.25, "visible": False}}
    assert [p.name for p in file.parent.iterdir()] == ["settings.json"]


def test_damaged_file_means_defaults(tmp_path: Path):
    file = tmp_path / "settings.json"
    for content in (
        "{not json",
        "[1, 2]",
        '{"preferences": 3, "frame": [], "recent": "x", "shortcuts": 1, "layers": 2}',
    ):
        file.write_text(content)
        settings = Settings(file)
        assert settings.preferences.value == Preferences()
        assert settings.frame.value == Frame()
        assert settings.recent.value == ()
        assert settings.shortcuts.value == {}
        assert settings.layers.value == {}


def test_value_of_the_wrong_type_is_ignored_and_its_neighbours_kept(tmp_path: Path):
    file = tmp_path / "settings.json"
    file.write_text(json.dumps({"frame": {"layout": 7, "window_width": 400, "left_width": True, "left_open": False}}))
    frame = Settings(file).frame.value
    assert frame == Frame(window_width=400.0, left_open=False)


def test_recent_studies_are_few_newest_first_and_never_twice(tmp_path: Path):
    settings = Settings()
    for number in [*range(RECENT_LIMIT + 3), 5]:
        settings.remember(tmp_path / str(number))
    names = [Path(recent.path).name for recent in settings.recent.value]
    assert names[0] == "5" and names.count("5") == 1 and len(names) == RECENT_LIMIT


def test_switching_recents_off_forgets_them_and_keeps_none(tmp_path: Path):
    settings = Settings()
    settings.remember(tmp_path)
    settings.change_preferences(keep_recent=False)
    settings.remember(tmp_path)
    assert settings.recent.value == ()


def test_recent_entry_hides_its_name_with_the_identity():
    recent = Recent("/data/DOE^JANE_4711", "2020-04-12T10:30")
    assert recent.label(identity_hidden=False) == "DOE^JANE_4711"
    assert recent.label(identity_hidden=True) == "Study opened 2020-04-12 10:30"


def test_folder_that_cannot_be_made_is_no_reason_to_stop(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    Settings(tmp_path / "file" / "settings.json").save()
    assert (tmp_path / "file").read_text() == "in the way"


def test_places_of_windows_come_back_and_one_without_a_size_is_no_place(tmp_path: Path):
    file = tmp_path / "settings.json"
    first = Settings(file)
    first.windows.value = {"3d": OwnPlace(1930, 20, 800, 600, True)}
    first.save()
    assert Settings(file).windows.value == {"3d": OwnPlace(1930, 20, 800, 600, True)}
    file.write_text(json.dumps({"windows": {"3d": {"x": "a", "width": 800}, "axial": 3, "coronal": {"height": True}}}))
    assert Settings(file).windows.value == {}
