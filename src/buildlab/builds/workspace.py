"""A throw-away copy of a project to edit and build: the original is never touched."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from buildlab.errors import UsageError, quoted
from buildlab.host.paths import Home
from buildlab.host.settings import Settings

_KEPT_DAYS = 7


class Workspace:
    """A folder of the kit's own: edit it by these methods, build it as often as you like.

    Each edit gives what it touches a strictly newer modification time, also where the file
    system's clock is coarse: BuildKit compares size and time, never content. All paths are
    relative to the folder; one that leads out of it is a UsageError.
    """

    def __init__(self, path: Path, source: Path) -> None:
        self.path = path
        self.source = source
        self._pristine = source
        self._last_ns = time.time_ns()

    def __fspath__(self) -> str:
        return str(self.path)

    def __repr__(self) -> str:
        return f"Workspace({str(self.path)!r}, source={str(self.source)!r})"

    def read(self, relpath: str) -> str:
        """The text of a file. Raises UsageError where there is none."""
        return self._existing(relpath).read_text("utf-8")

    def write(self, relpath: str, content: str | bytes) -> None:
        """Write a file, with its folders."""
        path = self._inside(relpath)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        self._renew(path)

    def replace(self, relpath: str, old: str, new: str) -> None:
        """Replace the first `old`. Raises UsageError where the file holds none."""
        text = self.read(relpath)
        if old not in text:
            raise UsageError(
                f"{relpath} doesn't hold {old!r}, so it can't be replaced", f"look at {relpath}"
            )
        self.write(relpath, text.replace(old, new, 1))

    def touch(self, relpath: str) -> None:
        """Only a newer modification time."""
        self._renew(self._existing(relpath))

    def chmod(self, relpath: str, mode: int) -> None:
        path = self._existing(relpath)
        path.chmod(mode)
        self._renew(path)

    def rename(self, old: str, new: str) -> None:
        target = self._inside(new)
        target.parent.mkdir(parents=True, exist_ok=True)
        self._existing(old).rename(target)
        self._renew(target)

    def delete(self, relpath: str) -> None:
        """Remove a file, or a folder with all that is in it."""
        path = self._existing(relpath)
        _remove(path)

    def copy_in(self, source: str | Path, relpath: str) -> None:
        """Copy a file or folder from anywhere to `relpath`, over what is there."""
        source, target = Path(source), self._inside(relpath)
        if not source.exists():
            raise UsageError(f"there is no {source} to copy", f"look: ls {quoted(source.parent)}")
        target.parent.mkdir(parents=True, exist_ok=True)
        _copy(source, target)
        self._renew_all(target)

    def checkpoint(self) -> None:
        """Make the files as they are now what `reset()` returns to."""
        saved = self.folders[1]
        if saved.exists():
            _remove(saved)
        _copy(self.path, saved)
        self._pristine = saved

    def reset(self) -> None:
        """Undo all edits since the copy or the last `checkpoint()`.

        What didn't differ stays untouched, so that it is not transferred again.
        """
        for folder, _, files in os.walk(self.path, topdown=False):
            for path in (Path(folder, name) for name in files):
                if not _same(path, self._pristine / path.relative_to(self.path)):
                    _remove(path)
            if not (self._pristine / Path(folder).relative_to(self.path)).is_dir():
                _remove(Path(folder))
        for folder, folders, files in os.walk(self._pristine):
            for name in [*folders, *files]:
                original = Path(folder, name)
                path = self.path / original.relative_to(self._pristine)
                if not os.path.lexists(path):
                    _copy(original, path)
                    self._renew_all(path)
                elif path.is_dir() and not path.is_symlink():
                    shutil.copymode(original, path)

    @property
    def folders(self) -> tuple[Path, Path]:
        """The files, and where `checkpoint` saves them."""
        return self.path, self.path.with_name(f".{self.path.name}")

    def _inside(self, relpath: str) -> Path:
        path = self.path / relpath
        real_parent = path.parent.resolve()
        root = self.path.resolve()
        if path != self.path and not (real_parent / path.name).is_relative_to(root):
            raise UsageError(f"{relpath} leads out of the workspace", "use a path inside it")
        if ".." in Path(relpath).parts:
            raise UsageError(f"{relpath} leads out of the workspace", "use a path without ..")
        return path

    def _existing(self, relpath: str) -> Path:
        path = self._inside(relpath)
        if not os.path.lexists(path):
            raise UsageError(
                f"there is no {relpath} in the workspace", f"look: ls {quoted(self.path)}"
            )
        return path

    def _renew_all(self, top: Path) -> None:
        self._renew(top)
        if top.is_dir() and not top.is_symlink():
            stamp = (self._last_ns, self._last_ns)
            for folder, folders, files in os.walk(top):
                for name in [*folders, *files]:
                    os.utime(Path(folder, name), ns=stamp, follow_symlinks=False)

    def _renew(self, path: Path) -> None:
        """Give `path` a modification time that nothing in this workspace had before."""
        step_ns = 1_000
        while True:
            wanted = max(time.time_ns(), self._last_ns + step_ns)
            os.utime(path, ns=(wanted, wanted), follow_symlinks=False)
            got = path.lstat().st_mtime_ns
            if got > self._last_ns:
                self._last_ns = got
                return
            step_ns *= 100  # a file system with a coarse clock rounded it down


@contextmanager
def workspace(source: str | Path, *, keep: bool = False) -> Iterator[Workspace]:
    """A copy of the folder `source`, hidden files and all, gone when the block ends.

    With `keep`, or when the block raises, the copy stays, and a note on the exception says
    where. Its basename is unique, its times are fresh: no build can get files of another one.
    Raises UsageError when the source can't be read, EngineError when the kit's home can't be
    written.
    """
    origin = Path(source)
    if not origin.is_dir():
        raise UsageError(
            f"there is no folder {origin} to copy", f"look: ls {quoted(origin.parent)}"
        )
    paths = Settings.from_env().paths
    work = paths.make(paths.work)
    _sweep(paths)
    origin = origin.resolve()
    path = work / f"{_plain(origin.name)}-{secrets.token_hex(4)}"
    space = Workspace(path, origin)
    try:
        for folder in space.folders:
            paths.ours.note(folder)
        _copy(origin, path)
    except (shutil.Error, OSError) as fault:
        _forget(paths, path)
        raise UsageError(
            f"{origin} can't be copied: {_reason(fault)}", f"look: ls -lR {quoted(origin)}"
        ) from fault
    space._renew_all(path)
    try:
        yield space
    except BaseException as fault:
        fault.add_note(f"the workspace is kept: {path}")
        raise
    if not keep:
        _forget(paths, path)


def _plain(name: str) -> str:
    """A basename that works everywhere, spaces and unicode kept readable."""
    return re.sub(r"[^\w.-]", "_", name).strip(".")[:40] or "context"


def _copy(source: Path, target: Path) -> None:
    if source.is_dir() and not source.is_symlink():
        shutil.copytree(source, target, symlinks=True, copy_function=_copy_file, dirs_exist_ok=True)
    else:
        _copy_file(str(source), str(target))


def _copy_file(source: str, target: str) -> None:
    """Content and mode, no times: an old time is what makes BuildKit miss a change."""
    path = Path(source)
    if not path.is_symlink() and not stat.S_ISREG(path.stat().st_mode):
        return  # a socket or a pipe: docker sends none either
    shutil.copy(source, target, follow_symlinks=False)


def _same(path: Path, original: Path) -> bool:
    try:
        a, b = path.lstat(), original.lstat()
        if a.st_mode != b.st_mode or a.st_size != b.st_size:
            return False
        if path.is_symlink():
            return path.readlink() == original.readlink()
        return path.read_bytes() == original.read_bytes()
    except OSError:
        return False


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _forget(paths: Home, path: Path) -> None:
    """Remove a workspace and its checkpoint."""
    for folder in Workspace(path, path).folders:
        paths.ours.remove_noted(folder)


def _sweep(paths: Home) -> None:
    """Remove the workspaces that were kept for longer than a week."""
    oldest_s = time.time() - _KEPT_DAYS * 86_400
    for entry in paths.ours.list:
        path = paths.root / entry.path
        if path.parent == paths.work and not entry.owner_lives:
            with suppress(OSError):
                if path.lstat().st_mtime < oldest_s:
                    paths.ours.remove_noted(path)


def _reason(fault: Exception) -> str:
    if isinstance(fault, shutil.Error) and fault.args and isinstance(fault.args[0], list):
        source, _, why = fault.args[0][0]
        return f"{source}: {why}"
    return str(fault)
