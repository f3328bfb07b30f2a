"""Folders that appear and go at once: under another name until they are whole, or while they go."""

from __future__ import annotations

import shutil
from pathlib import Path

from buildlab.host.contents import is_real_folder
from buildlab.host.madelist import Entry


def unnamed(path: Path, entry: Entry) -> Path:
    return path.with_name(f".{path.name}.new-{entry.id}")


def deleted(path: Path, entry: Entry) -> Path:
    return path.with_name(f".{path.name}.deleted-{entry.id}")


def away(path: Path, gone: Path) -> None:
    """Delete under another name, `gone`: nobody meets half of it."""
    if not is_real_folder(path):
        path.unlink(missing_ok=True)
        return
    delete(gone)
    path.rename(gone)
    delete(gone)


def delete(path: Path) -> None:
    """Delete a file or a folder; nothing happens where it is gone. Raises OSError."""
    if is_real_folder(path):
        shutil.rmtree(path, onerror=_make_writable)
    else:
        path.unlink(missing_ok=True)


def _make_writable(function: object, path: str, error: tuple[type, BaseException, object]) -> None:
    """Go's module cache is read-only: give the folder write rights and try once more."""
    target = Path(path)
    if isinstance(error[1], FileNotFoundError):  # another process deletes it too
        return
    if not isinstance(error[1], PermissionError):
        raise error[1]
    target.parent.chmod(0o700)
    if is_real_folder(target):
        target.chmod(0o700)
        shutil.rmtree(target)
    else:
        target.unlink(missing_ok=True)
