"""A folder of results appears whole, or stays as it was."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from inference.errors import ExportError
from inference.io.export_files import check_folder, replacing, staged

NAMES = ("findings.json", "lungs.nii.gz")


def content(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_nothing_shows_before_the_block_ends(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    with staged(out, NAMES) as stage:
        (stage / "findings.json").write_text("new")
        assert not out.exists()
    assert content(out) == {"findings.json": "new"}
    assert [path.name for path in out.parent.iterdir()] == ["out"]


def test_failed_block_leaves_no_folder_not_even_the_parents(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), staged(tmp_path / "deep" / "out", NAMES) as stage:
        (stage / "findings.json").write_text("half")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_cancelled_block_leaves_the_older_results(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "findings.json").write_text("older")
    with pytest.raises(KeyboardInterrupt), staged(out, NAMES) as stage:
        (stage / "findings.json").write_text("half")
        raise KeyboardInterrupt
    assert content(out) == {"findings.json": "older"}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_older_masks_go_when_the_new_result_has_none_and_other_files_stay(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    for name in (*NAMES, "notes.txt"):
        (out / name).write_text("older")
    with staged(out, NAMES) as stage:
        (stage / "findings.json").write_text("new")
    assert content(out) == {"findings.json": "new", "notes.txt": "older"}


def test_swap_that_fails_half_way_puts_everything_back(tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / "lungs.nii.gz").mkdir(parents=True)  # a folder in the place of a file cannot be replaced
    (out / "findings.json").write_text("older")
    with pytest.raises(ExportError), staged(out, NAMES) as stage:
        for name in NAMES:
            (stage / name).write_text("new")
    assert (out / "findings.json").read_text() == "older"
    assert sorted(path.name for path in out.iterdir()) == sorted(NAMES)


def test_results_are_as_readable_as_any_new_file(tmp_path: Path) -> None:
    ordinary = tmp_path / "ordinary"
    ordinary.write_text("")
    with staged(tmp_path / "out", NAMES) as stage, replacing(stage / "findings.json") as beside:
        beside.write_text("new")
    written = tmp_path / "out" / "findings.json"
    assert stat.S_IMODE(written.stat().st_mode) == stat.S_IMODE(ordinary.stat().st_mode)


def test_file_in_the_place_of_the_folder_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(ExportError, match="is a file"):
        check_folder(tmp_path / "out")
    with pytest.raises(ExportError, match="cannot be written"):
        check_folder(tmp_path / "out" / "below")


def test_link_that_leads_nowhere_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "out").symlink_to(tmp_path / "gone")
    with pytest.raises(ExportError, match="leads nowhere"):
        check_folder(tmp_path / "out")
