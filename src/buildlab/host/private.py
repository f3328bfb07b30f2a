"""Files and folders that are the user's alone, whatever the umask is."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path


def make_folder(folder: Path) -> bool:
    """Make a folder and those above it that are missing; whether it was missing. Raises OSError.

    One that is there keeps its mode.
    """
    try:
        folder.mkdir(mode=0o700)
    except FileNotFoundError:
        if folder.parent.is_dir():
            raise  # a file system, such as /proc, that makes none
        make_folder(folder.parent)
        return make_folder(folder)
    except FileExistsError:
        if not folder.is_dir():
            raise
        return False
    return True


def require_private(folder: Path) -> None:
    """Raise PermissionError where this is no folder of this user's that is closed to others.

    For one whose name can be guessed, in a place where others may make it first.
    """
    if why := not_private(folder):
        raise PermissionError(errno.EACCES, f"{why}, so it is not used", str(folder))


def not_private(folder: Path) -> str:
    """Why what is there is no folder of this user's that is closed to others; "" where it is one.

    Raises OSError where nothing is there.
    """
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode):
        return "it is no folder"
    if found.st_uid != os.geteuid():
        return f"it belongs to another account (uid {found.st_uid})"
    if found.st_mode & 0o077:
        return f"it is open to others (mode {stat.S_IMODE(found.st_mode):o})"
    return ""


def write(path: Path, content: str | bytes) -> None:
    """Write a file that only its owner may read; others see the old file or the new one.

    Raises OSError.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content.encode("utf-8") if isinstance(content, str) else content)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def close(folder: Path | str) -> None:
    """Take others' rights from the files below a folder that a program of others filled.

    Without a Path for each: the client leaves a file for each build, and never removes one.
    """
    with suppress(OSError), os.scandir(folder) as found:
        for entry in found:
            if entry.is_dir(follow_symlinks=False):
                close(entry.path)
            elif entry.is_file(follow_symlinks=False):
                with suppress(OSError):
                    if entry.stat(follow_symlinks=False).st_mode & 0o077:
                        Path(entry.path).chmod(0o600)


def create(path: Path, flags: int = os.O_WRONLY | os.O_TRUNC) -> int:
    """A descriptor of a file that only its owner may read, made where it isn't there."""
    handle = os.open(path, flags | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with suppress(OSError):  # made before, with another mode
        os.fchmod(handle, 0o600)
    return handle
