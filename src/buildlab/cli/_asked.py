"""What `buildlab build` was asked for: docker's words told from ours, and looked at."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from typer.core import TyperCommand

from buildlab.cli._words import OF_BUILD, for_build
from buildlab.errors import RecordError, UsageError
from buildlab.host import outfile
from buildlab.record.flags import TABLE, Flag, Line, is_call, to_stdout

_LOOKS = ("auto", "tty", "plain", "quiet", "none", "rawjson")
Look = Literal["auto", "plain", "quiet", "none"]
LINE = "buildlab.line"


class LikeDocker(TyperCommand):
    """Reads the words as docker would, flags and context in any order; ours go to typer."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        line = for_build(args)
        if line.unknown:
            line = _as_this_docker_reads(args, line)
        ours = [word for f in line.flags if f.name in OF_BUILD for word in f.words]
        theirs = tuple(f for f in line.flags if f.name not in OF_BUILD)
        ctx.meta[LINE] = Line(theirs, line.rest, line.unknown)
        found: list[str] = super().parse_args(ctx, [*ours, "--", *line.rest])
        return found


@dataclass(frozen=True, slots=True)
class Asked:
    """What docker was asked for. `call` is the flag that makes it no build, "" where it is one."""

    context: str
    flags: tuple[str, ...]
    look: Look
    call: str
    to_stdout: bool


def asked_for(line: Line, *, as_json: bool) -> Asked:
    """What docker is asked for. Raises UsageError for what can't be, with what to type."""
    context = _context(line)
    call = next((f.words[0] for f in line.flags if is_call(f)), "")
    if call:
        return Asked(context, line.words, "auto", call, False)
    look = _look(line.flags)
    flags = tuple(w for f in line.flags if f.name not in ("--progress", "--quiet") for w in f.words)
    taken = to_stdout(flags)
    if as_json and (taken or look == "quiet"):
        what = "the build's result" if taken else "the image's id (--quiet)"
        raise UsageError(
            f"--json and {what} both want standard output", "for the record: --save FILE"
        )
    return Asked(context, flags, look, "", taken)


def _context(line: Line) -> str:
    if len(line.rest) == 1:
        return line.rest[0]
    if not line.rest:
        flags = shlex.join(line.words) or "[DOCKER FLAGS]"
        raise UsageError("no CONTEXT is named, only flags", f"buildlab build {flags} CONTEXT")
    raise UsageError(
        f"one CONTEXT is built, and {len(line.rest)} are named: {', '.join(line.rest)}",
        "buildlab build [DOCKER FLAGS] CONTEXT",
    )


def _look(flags: Sequence[Flag]) -> Look:
    """How the build is to be shown. Raises UsageError as docker would."""
    from buildlab.host.settings import Settings

    quiet = any(f.name == "--quiet" and f.on for f in flags)
    typed = [f.value or "auto" for f in flags if f.name == "--progress"]
    look = typed[-1] if typed else Settings.from_env().docker_progress
    if quiet and typed and look not in ("auto", "quiet"):
        raise UsageError(
            f"progress={look} and quiet cannot be used together", "leave out --quiet or --progress"
        )
    if look == "rawjson":
        raise UsageError(
            "the raw events are read by buildlab itself, which shows what it made of them",
            'leave out --progress, or --json for the record; for the events: eval "$(buildlab env)"'
            "; docker buildx build --progress=rawjson …",
        )
    if look not in _LOOKS:
        raise UsageError(f"invalid progress mode {look}", f"one of: {', '.join(_LOOKS)}")
    if quiet:
        return "quiet"
    return "auto" if look == "tty" else look  # type: ignore[return-value]


def saved_to(file: str) -> Path:
    """Where the record goes. Raises UsageError where it can't, or what is there is no record."""
    from buildlab.record import store

    path = outfile.check(file, f"--save {file}")
    if path.exists() and path.stat().st_size:
        try:
            store.load(path)
        except RecordError as fault:
            raise UsageError(
                f"--save {file}: what is there is no record, and would be lost: {fault.message}",
                "name another file",
            ) from None
    return path


def _as_this_docker_reads(words: list[str], line: Line) -> Line:
    """The line with the flags of a buildx that is newer than our table; UsageError for others."""
    from buildlab import replay
    from buildlab.builds.asked.calls import flags_of, refuse_unknown
    from buildlab.engine import current

    if replay.active():
        return line
    engine = current(bases=False)
    line = for_build(words, {**TABLE, **flags_of(engine)})
    if line.unknown:
        refuse_unknown(engine, line.unknown)
    return line
