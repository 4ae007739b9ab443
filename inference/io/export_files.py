"""Files that are either whole or absent: written beside their place under another name, then renamed."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from inference.errors import ExportError

_PREFIX = ".groundglass-"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A name beside ``path`` to write to; renamed to ``path`` when the block ends well, removed when it does not.

    Raises
    ------
    ExportError
        If the file cannot be written or renamed.
    """
    path = Path(path)
    handle, name = -1, ""
    try:
        handle, name = tempfile.mkstemp(prefix=_PREFIX, suffix="".join(path.suffixes[-2:]), dir=path.parent)
        os.close(handle)
        yield Path(name)
        _set_ordinary_mode(Path(name))
        Path(name).replace(path)
    except OSError as error:
        raise ExportError(f"{path.name} could not be written: {error.strerror or 'unknown reason'}.") from error
    finally:
        if name:
            Path(name).unlink(missing_ok=True)


def check_folder(folder: Path) -> None:
    """Raise ExportError, before any long work, if ``folder`` is no folder, or cannot be made or written to."""
    if folder.exists() and not folder.is_dir():
        raise ExportError(f"{folder} is a file; name a folder for the results.")
    if folder.is_symlink() and not folder.exists():
        raise ExportError(f"{folder} is a link that leads nowhere; name another folder for the results.")
    nearest = folder
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise ExportError(f"{folder} cannot be written to; name another folder for the results.")


@contextmanager
def staged(folder: Path, names: Iterable[str]) -> Iterator[Path]:
    """A temporary folder to fill; when the block ends well its files appear in ``folder`` all at once.

    ``names`` are the files that such a result can hold. Those that the block did not write are removed from
    ``folder``, so that no older mask stands beside newer figures; other files in ``folder`` are left alone. When the
    block fails, ``folder`` is as it was before.

    Raises
    ------
    ExportError
        If ``folder`` cannot be made or written to.
    """
    check_folder(folder)
    try:
        missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
        folder.parent.mkdir(parents=True, exist_ok=True)
        stage = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_place_for_stage(folder)))
    except OSError as error:
        raise ExportError(f"{folder} cannot be written to: {error.strerror or 'unknown reason'}.") from error
    try:
        yield stage
        _publish(stage, folder, tuple(names))
    except BaseException:
        shutil.rmtree(stage, ignore_errors=True)
        _remove_if_empty(missing)
        raise
    shutil.rmtree(stage, ignore_errors=True)


def _place_for_stage(folder: Path) -> Path:
    """Beside ``folder``, or inside it where renaming out of its parent would not work (a mount, a read-only parent)."""
    parent = folder.parent
    if not folder.exists():
        return parent
    same_device = folder.stat().st_dev == parent.stat().st_dev
    return parent if same_device and os.access(parent, os.W_OK | os.X_OK) else folder


def _publish(stage: Path, folder: Path, names: tuple[str, ...]) -> None:
    written = sorted(path.name for path in stage.iterdir())
    for name in written:
        _set_ordinary_mode(stage / name)
    try:
        if not folder.exists():
            stage.chmod(0o777 & ~_umask())
            stage.rename(folder)
        else:
            _swap(stage, folder, written, sorted({*names, *written}))
    except OSError as error:
        raise ExportError(f"The results could not be put in place: {error.strerror or 'unknown reason'}.") from error


def _swap(stage: Path, folder: Path, written: list[str], known: list[str]) -> None:
    """Move the old files out and the new ones in; on failure put everything back."""
    old = stage / ".old"
    old.mkdir()
    moved: list[str] = []
    placed: list[str] = []
    try:
        for name in known:
            if (folder / name).is_file() or (folder / name).is_symlink():
                (folder / name).replace(old / name)
                moved.append(name)
        for name in written:
            (stage / name).replace(folder / name)
            placed.append(name)
    except BaseException:
        for name in placed:
            (folder / name).unlink(missing_ok=True)
        for name in moved:
            (old / name).replace(folder / name)
        raise


def _remove_if_empty(folders: list[Path]) -> None:
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            continue


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _set_ordinary_mode(path: Path) -> None:
    """Temporary files are private to their owner; results get the mode that any new file would."""
    path.chmod(0o666 & ~_umask())
