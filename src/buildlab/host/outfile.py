"""A file that is to be written when a long work has ended: looked at before it begins."""

from __future__ import annotations

import os
import secrets
import shlex
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from buildlab.errors import UsageError


def check(path: str | Path, what: str) -> Path:
    """The file's absolute path, links followed, once it is sure that it can be written.

    `what` is how the user named it (`--save x.json`). Raises UsageError with what to type. A file
    that is there stays as it is.
    """
    given = os.fspath(path)
    if not given or "\0" in given:
        raise UsageError(f"{what}: this names no file", "name a file")
    # What `~` means, the shell has said where it could; in `--save=~/x` it could not.
    target = Path(os.path.realpath(os.path.expanduser(given)))  # noqa: PTH111 (no error for `~nobody`)
    folder = target.parent
    try:
        mode = target.stat().st_mode if os.path.lexists(target) else stat.S_IFREG
    except OSError as fault:
        raise UsageError(f"{what}: {fault.strerror}", "name another file") from None
    if stat.S_ISDIR(mode):
        raise UsageError(f"{what}: {target} is a folder, not a file", "name a file in it")
    if not stat.S_ISREG(mode):
        raise UsageError(f"{what}: {target} is no regular file", "name another file")
    if not folder.is_dir():
        hint = f"make it: mkdir -p {shlex.quote(os.fspath(folder))}"
        raise UsageError(f"{what}: there is no folder {folder}", hint)
    try:
        if target.exists():
            os.close(os.open(target, os.O_WRONLY))
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as fault:
        raise UsageError(
            f"{what}: can't write to {folder}: {fault.strerror}", "name another file"
        ) from None
    return target


def write(path: Path, text: str, mode: int = 0o666) -> None:
    """Write a file whole or not at all. Raises OSError.

    A file that is there keeps its mode; a new one gets `mode`, less what the user's umask takes.
    """
    try:
        kept = stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        kept = None
    name = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}.part")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    handle = os.open(name, flags, mode if kept is None else 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text)
            file.flush()
            if kept is not None:
                os.fchmod(file.fileno(), kept)
            os.fsync(file.fileno())
        name.replace(path)
    except BaseException:
        with suppress(OSError):
            name.unlink()
        raise
