"""What a build reads: its context, its Dockerfile, named contexts; found before anything runs."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from buildlab.builds.asked import lookup
from buildlab.builds.asked.stdin import is_archive, keep
from buildlab.errors import UsageError, quoted
from buildlab.record import flags as docker

_REMOTE = re.compile(r"\w[\w+.-]*://|github\.com/|[\w.-]+@[\w.-]+:")
_STDIN = "-"
_IN_A_SHELL = "type it in a shell: buildlab build"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a build reads from. `folder` is None for a remote context and for standard input.

    `shown` is the context as the record and the pasteable command name it. `dockerfile` is the
    path of the Dockerfile, None where there is none on this machine; `dockerfile_shown` its name
    for the record, `said` what it says, None where only the engine can know.
    """

    shown: str
    folder: Path | None
    dockerfile: Path | None
    dockerfile_shown: str
    flags: tuple[str, ...]
    """The user's flags; --file is as `docker buildx build` needs it in this directory."""
    named: Mapping[str, Path]
    """Local folders given as --build-context NAME=FOLDER."""
    said: str | None = None
    stdin: BinaryIO | None = field(default=None, compare=False)
    """What the client reads from its standard input."""

    def text(self) -> str:
        """The Dockerfile's text; "" where only the engine can see it."""
        return self.said or ""


def locate(
    context: str | Path,
    flags: Sequence[str],
    *,
    stdin: BinaryIO | None = None,
    spool: Path | None = None,
    calls: bool = False,
) -> Source:
    """Find the context and the Dockerfile. Raises UsageError, naming what is missing.

    `stdin` is read where context or Dockerfile is "-", and kept in the folder `spool` meanwhile.
    With `calls`, flags that ask for something else than a build are allowed, and standard input
    is left to the client.
    """
    if not calls:
        _only_a_build(flags)
    shown = os.fspath(context)
    if "\0" in shown or any("\0" in flag for flag in flags):
        raise UsageError("a NUL character in the command line", "name the context without it")
    if not shown:
        raise UsageError("the context is an empty word", "name a folder: . is the current one")
    wanted = next(reversed(docker.values(flags, "--file")), "")
    if _STDIN in (shown, wanted):
        return _from_stdin(shown, tuple(flags), wanted, (stdin, spool, calls))
    return _local(shown, tuple(flags), wanted)


def _only_a_build(flags: Sequence[str]) -> None:
    for flag in docker.read(flags).flags:
        if docker.is_call(flag):
            raise UsageError(
                f"{flag.words[0]} is no build, so there is no record of it",
                f"{_IN_A_SHELL} {shlex.join(flag.words)} CONTEXT",
            )
        if flag.name in ("--progress", "--quiet"):
            raise UsageError(
                f"build() doesn't take {flag.name}: it reads the events itself",
                "leave it out, and give observers instead",
            )


def _from_stdin(
    shown: str,
    flags: tuple[str, ...],
    wanted: str,
    taking: tuple[BinaryIO | None, Path | None, bool],
) -> Source:
    stdin, spool, left_to_client = taking
    if shown == wanted:
        raise UsageError(
            "standard input can't be the context and the Dockerfile at once",
            "name a folder as the context: buildlab build -f - FOLDER",
        )
    what = "a context" if shown == _STDIN else "a Dockerfile"
    if stdin is None and not left_to_client:
        raise UsageError(
            f"{what} from standard input can't be built here",
            f"name a path; or {_IN_A_SHELL} … < FILE",
        )
    # The folder is looked at first: nobody types a Dockerfile for one that is not there.
    local = shown != _STDIN and not is_remote(shown)
    folder = _folder(_expanded(shown)) if local else None
    place = short_path(folder) if folder else shown
    name = wanted or "Dockerfile"
    if stdin is None:
        return Source(place, folder, None, name, flags, _named(flags))
    kept = keep(stdin, spool or Path.cwd(), wanted=wanted if shown == _STDIN else "")
    return Source(place, folder, None, name, flags, _named(flags), kept.dockerfile, kept.file)


def _local(shown: str, flags: tuple[str, ...], wanted: str) -> Source:
    if is_remote(shown):
        return Source(shown, None, None, wanted or "Dockerfile", flags, _named(flags))
    folder = _folder(_expanded(shown))
    if "://" in wanted:
        return Source(short_path(folder), folder, None, wanted, flags, _named(flags))
    path = lookup.find(folder, wanted)
    text = lookup.text(path, folder)
    if wanted and path != Path(wanted):
        flags = _with_file(flags, short_path(path))
    path = Path(os.path.abspath(path))  # noqa: PTH100 (resolve follows links)
    name = path.relative_to(folder) if path.is_relative_to(folder) else path
    return Source(short_path(folder), folder, path, str(name), flags, _named(flags), text)


def is_remote(shown: str) -> bool:
    """Whether a context is an address, of git or of a file."""
    return bool(_REMOTE.match(shown)) and not Path(shown).is_dir()


def _expanded(shown: str) -> Path:
    return Path(os.path.expanduser(shown))  # noqa: PTH111 (`~nobody` is no error, but a name)


def _named(flags: Sequence[str]) -> dict[str, Path]:
    pairs = (value.partition("=") for value in docker.values(flags, "--build-context"))
    return {name: Path(where) for name, _, where in pairs if Path(where).is_dir()}


def _with_file(flags: tuple[str, ...], path: str) -> tuple[str, ...]:
    """The flags with another path for the last --file, in the spelling that was used."""
    line = docker.read(flags)
    last = max(i for i, flag in enumerate(line.flags) if flag.name == "--file")
    words = list(line.flags[last].words)
    words = [words[0], path] if len(words) > 1 else [f"--file={path}"]
    others = [word for flag in line.flags[:last] for word in flag.words]
    return (*others, *words, *(w for f in line.flags[last + 1 :] for w in f.words), *line.rest)


def _folder(path: Path) -> Path:
    try:
        if path.is_dir():
            os.scandir(path).close()
            return Path(os.path.abspath(path))  # noqa: PTH100 (resolve follows links)
        missing = not path.exists()
    except PermissionError:
        raise UsageError(
            f"the context {path} can't be read: permission denied", f"look: ls -ld {quoted(path)}"
        ) from None
    except OSError as fault:
        raise UsageError(f"the context can't be read: {fault}", "name another folder") from None
    if path.is_symlink() and missing:
        target = os.fspath(path.readlink())
        raise UsageError(
            f"the context {path} is a link to {target}, which is not there",
            f"look: ls -l {quoted(path)}",
        )
    if missing:
        raise UsageError(f"there is no folder {path} to build", f"look: ls {quoted(path.parent)}")
    kind = lookup.kind(path)
    raise UsageError(f"the context {path} is {kind}, not a folder", _in_place_of(path, kind))


def _in_place_of(path: Path, kind: str) -> str:
    """What to type where a context is a file."""
    if kind != "a file":
        return "name a folder"
    try:
        with path.open("rb") as file:
            head = file.read(512)
    except OSError:
        head = b""
    if is_archive(head):
        return f"give it on standard input: buildlab build - < {quoted(path)}"
    if "dockerfile" in path.name.lower():
        return f"name its folder: buildlab build -f {quoted(path)} {quoted(path.parent)}"
    return f"name its folder: {quoted(path.parent)}"


def short_path(path: Path) -> str:
    """A path that can be pasted in the current directory."""
    here = Path.cwd()
    return os.fspath(path.relative_to(here)) if path.is_relative_to(here) else os.fspath(path)
