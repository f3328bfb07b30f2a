"""The Dockerfile on this machine: found, looked at before it is opened, read."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from buildlab.builds.asked.stdin import LARGEST_DOCKERFILE_BYTES, too_large
from buildlab.errors import UsageError, quoted

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
_OF_BAKE = re.compile(r"\.(hcl|ya?ml|json)$", re.I)
_BEGINS = re.compile(r"^(?!\s*(?:#|$))\s*(?P<word>\w*)", re.M)
_SYNTAX = re.compile(r"\A(?:\s*#.*\n)*?\s*#\s*syntax\s*=", re.I)
_FIRST_WORDS = ("FROM", "ARG")


def find(folder: Path, wanted: str) -> Path:
    """The Dockerfile's path: as named from here or from the context, or the context's own."""
    if wanted:
        path = Path(wanted)
        return folder / path if not os.path.lexists(path) and (folder / path).exists() else path
    usual = folder / "Dockerfile"
    # As docker does: a lower-case one is taken where no other is there.
    lower = folder / "dockerfile"
    return lower if not os.path.lexists(usual) and lower.is_file() else usual


def text(path: Path, folder: Path) -> str:
    """What the file says. Raises UsageError where it can't be a Dockerfile, without opening it.

    A pipe or a device would be waited for, without end.
    """
    try:
        found = kind(path)
        if found == "a file" and path.stat().st_size <= LARGEST_DOCKERFILE_BYTES:
            data = path.read_bytes()
            said = data.decode("utf-8", "replace")
            _no_utf_16(path, data)
            _no_bake_file(path, said)
            return said
    except FileNotFoundError:
        raise _missing(path, folder) from None
    except OSError as fault:
        raise UsageError(
            f"the Dockerfile {path} can't be read: {fault.strerror}", f"look: ls -l {quoted(path)}"
        ) from None
    if found == "a file":
        raise too_large(os.fspath(path), path.stat().st_size)
    if _is_descriptor(path) or found == "a named pipe":
        raise UsageError(
            f"the Dockerfile {path} is {found}, which docker can't read",
            f"give it on standard input: … | buildlab build -f - {quoted(folder)}",
        )
    raise UsageError(f"the Dockerfile {path} can't be read: it is {found}", "name it: --file PATH")


def kind(path: Path) -> str:
    """What lies there, in words, links followed. Opens nothing. Raises OSError."""
    mode = path.stat().st_mode
    return next((word for test, word in _KINDS if test(mode)), "a file")


def _is_descriptor(path: Path) -> bool:
    return bool(re.match(r"/dev/(stdin|fd/)|/proc/[^/]+/fd/", os.path.abspath(path)))  # noqa: PTH100


def _missing(path: Path, folder: Path) -> UsageError:
    if path.is_symlink():
        return UsageError(
            f"the Dockerfile {path} is a link to {path.readlink()}, which is not there",
            f"look: ls -l {quoted(path)}",
        )
    others = sorted(p.name for p in folder.glob("*Dockerfile*") if p.is_file())[:3]
    hint = f"name it: --file {quoted(Path(others[0]))}" if others else "name it: --file PATH"
    if path.parent.absolute() == folder:
        return UsageError(f"there is no {path.name} in {folder}", hint)
    if path.is_absolute():
        return UsageError(f"there is no {path}", hint)
    where = f"in {folder}" if Path.cwd() == folder else f"here, nor in {folder}"
    return UsageError(f"there is no {path} {where}", hint)


def _no_utf_16(path: Path, data: bytes) -> None:
    """As a redirection in PowerShell leaves it. Docker says that its stream was reset."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data[:4]:
        to = quoted(path.with_name(f"{path.name}.utf8"))
        raise UsageError(
            f"the Dockerfile {path} is UTF-16 text, and has to be UTF-8",
            f"iconv -f UTF-16 -t UTF-8 {quoted(path)} > {to}",
        )


def not_utf_8(path: Path) -> int:
    """The first line of a file that is no UTF-8, 0 where all are or it can't be read."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError:
        return 0
    return next((n for n, line in enumerate(lines, 1) if not _decodes(line)), 0)


def _decodes(line: bytes) -> bool:
    return line.decode("utf-8", "replace").encode() == line


def _no_bake_file(path: Path, said: str) -> None:
    """A file for `docker buildx bake` or compose, which no Dockerfile begins like."""
    first = _BEGINS.search(said)
    begins = first["word"].upper() if first else ""
    if not _OF_BAKE.search(path.name) or begins in _FIRST_WORDS or _SYNTAX.match(said):
        return
    raise UsageError(
        f"{path} is no Dockerfile, but may be a file for docker buildx bake, which runs several "
        "builds",
        f'for bake, type: eval "$(buildlab env)"; docker buildx bake -f {quoted(path)}',
    )
