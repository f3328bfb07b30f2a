"""What a build reads: its context, its Dockerfile, named contexts; found before anything runs."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from buildlab.errors import UsageError

_SHORT = {"--file": "-f", "--output": "-o", "--tag": "-t"}
_OURS = {
    "--progress": "build() reads the events itself and gives them to its observers",
    "--metadata-file": "build() reads the metadata itself: see the record it returns",
    "--call": "this is no build: type docker buildx build --call=…",
    "--check": "this is no build: type docker buildx build --check",
    "--print": "this is no build: type docker buildx build --print",
}


@dataclass(frozen=True, slots=True)
class Source:
    """Where a build reads from. `folder` is None for a remote context (a URL).

    `shown` is the context as the record and the pasteable command name it. `dockerfile` is the
    path of the Dockerfile, None where only the engine can see it; `dockerfile_shown` its name
    for the record.
    """

    shown: str
    folder: Path | None
    dockerfile: Path | None
    dockerfile_shown: str
    flags: tuple[str, ...]
    """The user's flags; --file is as `docker buildx build` needs it in this directory."""
    named: Mapping[str, Path]
    """Local folders given as --build-context NAME=FOLDER."""

    def text(self) -> str:
        """The Dockerfile's text; "" where only the engine can see it."""
        try:
            return self.dockerfile.read_text("utf-8", "replace") if self.dockerfile else ""
        except OSError:
            return ""  # gone meanwhile: the engine has said so


def values(flags: Sequence[str], name: str) -> Iterator[tuple[int, str]]:
    """Each value of a flag, in all spellings that docker takes, with the value's index."""
    short = _SHORT.get(name)
    expect = False
    for i, flag in enumerate(flags):
        if expect:
            expect = False
            yield i, flag
        elif flag in (name, short):
            expect = True
        elif flag.startswith(f"{name}="):
            yield i, flag[len(name) + 1 :]
        elif short and flag.startswith(short) and not flag.startswith("--"):
            yield i, flag[len(short) :].removeprefix("=")


def given(flags: Sequence[str], *names: str) -> bool:
    """Whether one of these flags is there, with a value or without."""
    wanted = {*names, *(_SHORT[n] for n in names if n in _SHORT)}
    return any(f.split("=", 1)[0] in wanted for f in flags) or any(
        True for n in names for _ in values(flags, n)
    )


def locate(context: str | Path, flags: Sequence[str]) -> Source:
    """Find the context and the Dockerfile. Raises UsageError, naming what is missing."""
    for flag, why in _OURS.items():
        if given(flags, flag):
            raise UsageError(f"build() doesn't take {flag}", why)
    shown = os.fspath(context)
    if shown == "-":
        raise UsageError("a context from standard input can't be built", "name a folder")
    if re.match(r"\w[\w+.-]*://|git@|github\.com/", shown):
        return Source(shown, None, None, _file_flag(flags) or "Dockerfile", tuple(flags), {})
    shown = os.path.expanduser(shown)  # noqa: PTH111 (a Path would drop a leading ./)
    folder = _folder(Path(shown))
    fixed, dockerfile = _dockerfile(folder, tuple(flags))
    named = {
        name: Path(where)
        for _, value in values(flags, "--build-context")
        for name, _, where in [value.partition("=")]
        if Path(where).is_dir()
    }
    relative = dockerfile is not None and dockerfile.is_relative_to(folder)
    name = dockerfile.relative_to(folder) if dockerfile and relative else dockerfile
    return Source(short_path(folder), folder, dockerfile, str(name or ""), fixed, named)


def _folder(path: Path) -> Path:
    try:
        if path.is_dir():
            os.scandir(path).close()
            return Path(os.path.abspath(path))  # noqa: PTH100 (resolve follows links)
        missing = not path.exists()
    except PermissionError:
        raise UsageError(
            f"the context {path} can't be read: permission denied", f"look: ls -ld {_quote(path)}"
        ) from None
    except OSError as fault:
        raise UsageError(f"the context can't be read: {fault}", "name another folder") from None
    if missing:
        raise UsageError(f"there is no folder {path} to build", f"look: ls {_quote(path.parent)}")
    raise UsageError(
        f"the context {path} is a file, not a folder", f"name its folder: {_quote(path.parent)}"
    )


def _file_flag(flags: Sequence[str]) -> str:
    return next((v for _, v in reversed(list(values(flags, "--file")))), "")


def _dockerfile(folder: Path, flags: tuple[str, ...]) -> tuple[tuple[str, ...], Path | None]:
    """The flags with --file as seen from the current directory, and the Dockerfile's path."""
    wanted = _file_flag(flags)
    if wanted == "-":
        raise UsageError("a Dockerfile from standard input can't be built", "name it: --file PATH")
    if "://" in wanted:
        return flags, None
    if not wanted:
        _readable(folder / "Dockerfile", folder)
        return flags, folder / "Dockerfile"
    path = Path(wanted)
    if not path.exists() and (folder / path).exists():
        path = folder / path
        for i, value in values(flags, "--file"):
            if value == wanted:
                head = "" if flags[i] == value else "--file="
                flags = (*flags[:i], f"{head}{short_path(path)}", *flags[i + 1 :])
    _readable(path, folder)
    return flags, Path(os.path.abspath(path))  # noqa: PTH100 (resolve follows links)


def _readable(path: Path, folder: Path) -> None:
    try:
        with path.open("rb"):
            return
    except FileNotFoundError:
        others = sorted(p.name for p in folder.glob("*Dockerfile*") if p.is_file())[:3]
        hint = f"name it: --file {_quote(Path(others[0]))}" if others else "name it: --file PATH"
        where = f"in {path.parent}" if path.parent == folder else f"here, nor in {folder}"
        raise UsageError(f"there is no {path.name} {where}", hint) from None
    except OSError as fault:
        raise UsageError(
            f"the Dockerfile {path} can't be read: {fault.strerror}", f"look: ls -l {_quote(path)}"
        ) from None


def short_path(path: Path) -> str:
    """A path that can be pasted in the current directory."""
    here = Path.cwd()
    return os.fspath(path.relative_to(here)) if path.is_relative_to(here) else os.fspath(path)


def _quote(path: Path) -> str:
    return shlex.quote(os.fspath(path))
