"""Where the bytes come from: files on a disk, or members of a zip archive that are never extracted.

An archive is read in memory, member by member, within bounds: it may not hold too many members, not unfold to too
much, and no name may lead out of it. Only formats whose reader insists on a file on the disk go through a temporary
folder (:func:`on_disk`), under a name of our own, and that folder is gone afterwards.
"""

from __future__ import annotations

import io
import os
import re
import tempfile
import threading
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol

from inference.errors import SeriesError
from inference.io.study import Problem
from inference.pipeline.cancellation import CancellationToken

MAX_MEMBERS = 50_000
"""An archive with more members is refused."""
MAX_TOTAL_BYTES = 12 << 30
"""An archive that unfolds to more is refused (a chest CT of 3,000 slices is 1.6 GB)."""
MAX_MEMBER_BYTES = 3 << 30
"""A single member that unfolds to more is left out."""
MAX_RATIO = 200
"""Medical images shrink to a half or a tenth: past SUSPECT_BYTES an archive that shrinks more than this is a bomb."""
SUSPECT_BYTES = 256 << 20


class FileSource(Protocol):
    """One file, wherever it lies."""

    @property
    def name(self) -> str:
        """Its name without folder."""

    @property
    def folder(self) -> str:
        """Its folder, to tell siblings by."""

    @property
    def path(self) -> Path | None:
        """Where it lies on the disk; None for a member of an archive."""

    @property
    def size(self) -> int:
        """Bytes, unfolded."""

    def open(self) -> BinaryIO:
        """The bytes, seekable. Raises OSError."""

    def sibling(self, name: str) -> FileSource | None:
        """A file beside it (the voxels of a detached header); None where there is none."""


@dataclass(frozen=True)
class DiskFile:
    """A file on the disk."""

    path: Path

    @property
    def name(self) -> str:
        """Its name without folder."""
        return self.path.name

    @property
    def folder(self) -> str:
        """Its folder."""
        return str(self.path.parent)

    @property
    def size(self) -> int:
        """Bytes."""
        return self.path.stat().st_size

    def open(self) -> BinaryIO:
        """The bytes, unbuffered."""
        return self.path.open("rb", buffering=0)

    def sibling(self, name: str) -> DiskFile | None:
        """A file in the same folder or below it."""
        candidate = self.path.parent / name.replace("\0", "")
        inside = candidate.resolve().is_relative_to(self.path.parent.resolve())
        return DiskFile(candidate) if inside and candidate.is_file() else None


@dataclass(frozen=True, eq=False)
class ZipMember:
    """A member of a zip archive, unfolded in memory each time it is opened."""

    archive: zipfile.ZipFile
    info: zipfile.ZipInfo
    path: None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def name(self) -> str:
        """Its name without folder."""
        return PurePosixPath(self.info.filename).name

    @property
    def folder(self) -> str:
        """Its folder inside the archive."""
        return str(PurePosixPath(self.info.filename).parent)

    @property
    def size(self) -> int:
        """Bytes, unfolded."""
        return self.info.file_size

    def open(self) -> BinaryIO:
        """The bytes, in memory. Raises OSError if the member is damaged or locked by a password."""
        return io.BytesIO(self.head(-1))

    def head(self, count: int) -> bytes:
        """The first ``count`` bytes, all for -1; no more is unfolded than asked for."""
        try:
            with self.archive.open(self.info) as stream:
                return stream.read(count if count >= 0 else self.info.file_size)
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, zlib.error) as error:
            raise OSError("it is damaged, or packed in a way that is not known") from error

    def sibling(self, name: str) -> ZipMember | None:
        """A member of the same folder of the archive."""
        if not _stays_inside(name):
            return None
        wanted = str(PurePosixPath(self.info.filename).parent / name)
        try:
            return ZipMember(self.archive, self.archive.getinfo(wanted))
        except KeyError:
            return None


def head(file: FileSource, count: int) -> bytes:
    """The first ``count`` bytes of a file. Raises OSError."""
    if isinstance(file, ZipMember):
        return file.head(count)
    with file.open() as stream:
        return stream.read(count)


@contextmanager
def on_disk(*files: FileSource) -> Iterator[tuple[Path, ...]]:
    """Paths of files for a reader that takes nothing else; members are unfolded into a folder that goes afterwards."""
    if all(file.path is not None for file in files):
        yield tuple(file.path for file in files if file.path is not None)
        return
    with tempfile.TemporaryDirectory(prefix="groundglass-") as folder:
        paths = []
        for file in files:
            path = Path(folder) / (re.sub(r"[^A-Za-z0-9_.-]", "_", file.name).lstrip(".") or "member")
            with file.open() as stream:
                path.write_bytes(stream.read())
            paths.append(path)
        yield tuple(paths)


def folders_under(
    root: Path, problems: list[Problem], cancel: CancellationToken | None = None
) -> Iterator[list[FileSource]]:
    """The regular files of each folder below ``root``, sorted by name.

    Links to folders are not followed, for they can lead in circles and out of the study; ``problems`` names them, and
    links that lead nowhere, at the end.
    """
    not_followed: list[str] = []
    dead: list[str] = []

    def unreadable(error: OSError) -> None:
        name = Path(str(error.filename)).name
        problems.append(Problem(name, f"The folder {name} cannot be read: {_reason(error)}."))

    for folder, folders, names in os.walk(root, onerror=unreadable):
        if cancel is not None:
            cancel.check()
        folders.sort(key=natural)
        not_followed += [name for name in folders if Path(folder, name).is_symlink()]
        paths = [Path(folder, name) for name in sorted(names, key=natural) if not name.startswith("._")]
        dead += [path.name for path in paths if path.is_symlink() and not path.exists()]
        files: list[FileSource] = [DiskFile(path) for path in paths if path.is_file()]
        if files:
            yield files
    if not_followed:
        problems.append(Problem(not_followed[0], _links(not_followed, "leads to a folder", "lead to folders")))
    if dead:
        problems.append(Problem(dead[0], _links(dead, "leads nowhere", "lead nowhere")))


def _links(names: list[str], one: str, many: str) -> str:
    help_ = "open the folder that holds the images itself"
    if len(names) == 1:
        return f"{names[0]} is a link that {one} and was not followed; {help_}."
    return f"{len(names)} links (the first: {names[0]}) {many} and were not followed; {help_}."


def members(path: Path, problems: list[Problem]) -> list[FileSource]:
    """The members of a zip archive, unsafe ones left out and named in ``problems``.

    Raises
    ------
    SeriesError
        If it is no zip archive, is damaged, or unfolds to more than the bounds above.
    """
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise SeriesError(f"The archive {path.name} cannot be read ({error}); get it again.") from error
    infos = [info for info in archive.infolist() if not info.is_dir()]
    _refuse_bombs(path.name, infos)
    kept: list[FileSource] = []
    for info in sorted(infos, key=lambda info: natural(info.filename)):
        name = PurePosixPath(info.filename).name
        if not _stays_inside(info.filename):
            problems.append(Problem(name, f"{name} has a path that leads out of the archive and was left out."))
        elif info.flag_bits & 0x1:
            problems.append(Problem(name, f"{name} is locked by a password and was left out; unpack it first."))
        elif info.file_size > MAX_MEMBER_BYTES:
            problems.append(Problem(name, f"{name} unfolds to {info.file_size >> 30} GB and was left out."))
        elif not name.startswith("._"):
            kept.append(ZipMember(archive, info))
    return kept


def _refuse_bombs(name: str, infos: list[zipfile.ZipInfo]) -> None:
    if len(infos) > MAX_MEMBERS:
        raise SeriesError(f"The archive {name} holds {len(infos)} files, more than {MAX_MEMBERS}; unpack it first.")
    total = sum(info.file_size for info in infos)
    packed = sum(info.compress_size for info in infos)
    if total > MAX_TOTAL_BYTES or (total > SUSPECT_BYTES and total > MAX_RATIO * max(packed, 1)):
        raise SeriesError(
            f"The archive {name} would unfold to {total / 2**30:.1f} GB, which no study needs; it was not opened."
        )


def _stays_inside(name: str) -> bool:
    parts = re.split(r"[/\\]", name)
    return not (name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0])


def natural(name: str) -> str:
    """Sort key that puts 9 before 10."""
    return re.sub(r"\d+", lambda number: number.group().zfill(12), name.lower())


def _reason(error: OSError) -> str:
    return (error.strerror or str(error) or type(error).__name__).lower()


def unreadable_problem(file: FileSource, error: OSError) -> Problem:
    """A file that could not be opened, in one sentence."""
    return Problem(file.name, f"{file.name} cannot be read: {_reason(error)}.")
