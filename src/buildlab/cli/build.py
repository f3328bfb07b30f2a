"""`buildlab build`: a `docker buildx build` that is watched, told and kept as a record."""

from __future__ import annotations

import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer

from buildlab.cli._asked import LINE, Asked, LikeDocker, asked_for, saved_to
from buildlab.cli._records import Json, keep, show_record
from buildlab.errors import BuildlabError, RecordError, UsageError, no_space
from buildlab.record.model import BuildRecord


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command(
        cls=LikeDocker,
        epilog="Examples:  buildlab build .  ·  buildlab build -f Dockerfile.prod --target app .  ·"
        "  buildlab build . -t app --save before.json  ·  buildlab build --check .",
    )(build)
    app.command(
        context_settings={"ignore_unknown_options": True, "help_option_names": []},
        epilog='Example:  eval "$(buildlab env)"; docker buildx bake',
        hidden=True,
    )(bake)


def build(
    ctx: typer.Context,
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[DOCKER FLAGS] CONTEXT",
            help="As for `docker buildx build`, in any order; CONTEXT may be a URL or -.",
        ),
    ] = None,
    *,
    title: Annotated[str, typer.Option(help="A name for the record.")] = "",
    timeout: Annotated[float, typer.Option(help="Time limit in seconds.", metavar="S")] = 900,
    cache_ns: Annotated[
        str, typer.Option(help="Namespace of the cache mounts.", metavar="NAME")
    ] = "",
    save: Annotated[
        str | None,
        typer.Option(help="Write the record to this file too.", metavar="FILE"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Run `docker buildx build`, show what it does, and save the record.

    Exit code 0 if the build succeeded, 4 if it failed; see `show` for the record. A failed or
    interrupted build has a record, too. --check and --call are docker's own, with its exit code.
    """
    asked = asked_for(ctx.meta[LINE], as_json=as_json)
    if asked.call:
        if as_json or save is not None:
            raise UsageError(
                f"{asked.call} is no build, so there is no record for "
                f"{'--json' if as_json else '--save'}",
                "leave that out; for JSON of docker's: --call=check,format=json",
            )
        raise typer.Exit(_docker_itself(asked, timeout))
    to = None if save is None else saved_to(save)
    wanted = _Wanted(title, timeout, cache_ns, to, as_json)
    with _ended_like_ctrl_c():
        _measured(asked, wanted)


def bake(arguments: Annotated[list[str] | None, typer.Argument()] = None) -> None:
    """Say what to type: bake runs several builds, and a record is of one."""
    words = shlex.join(["docker", "buildx", "bake", *(arguments or ())])
    raise UsageError(
        "docker buildx bake runs several builds, and a record is of one",
        f'type: eval "$(buildlab env)"; {words}; or each build: buildlab build … CONTEXT',
    )


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What we were asked for."""

    title: str
    timeout_s: float
    cache_ns: str
    save: Path | None
    as_json: bool


def _docker_itself(asked: Asked, timeout_s: float) -> int:
    from buildlab.builds.asked.calls import call

    return call(asked.context, *asked.flags, timeout_s=timeout_s)


def _measured(asked: Asked, wanted: _Wanted) -> None:
    from rich.console import Console

    from buildlab.builds import build as run
    from buildlab.cli._progress import line

    console = Console(emoji=False, stderr=True, highlight=False, soft_wrap=True)
    quiet = wanted.as_json or asked.look in ("quiet", "none")
    try:
        with line(console, quiet=quiet, plain=asked.look == "plain") as observers:
            record = run(
                asked.context,
                *asked.flags,
                title=wanted.title,
                cache_ns=wanted.cache_ns or None,
                output="load" if asked.look == "quiet" else "image",
                timeout_s=wanted.timeout_s,
                observers=observers,
                stdin=getattr(sys.stdin, "buffer", None),
                stdout=sys.stdout.fileno() if asked.to_stdout else None,
            )
    except BaseException as stop:
        _keep_what_was_seen(getattr(stop, "record", None), wanted, stop)
        raise
    _tell(record, asked, wanted, console)
    record.require_ok()


def _tell(record: BuildRecord, asked: Asked, wanted: _Wanted, console: Any) -> None:
    """Keep the record and show it. What can't be kept is shown all the same, then raised."""
    silent = asked.look in ("quiet", "none")
    fault: Exception | None = None
    path = None
    try:
        path = _kept(record, wanted.save)
    except (OSError, BuildlabError) as e:
        fault = e
    if asked.look == "quiet" and record.ok:
        print(record.image_id)
    if fault or not silent:
        show_record(
            record,
            wanted.as_json,
            failure=fault is not None,  # else the error says it
            stderr=asked.to_stdout or silent,
        )
    if fault:
        raise fault
    if not silent and not wanted.as_json:
        console.print(f"Saved: {path}", markup=False)


def _kept(record: BuildRecord, file: Path | None) -> Path:
    """Keep the record at home, and in the file that was named; the one of which people are told.

    Where one of the two fails the other is written all the same.
    """
    if file is None:
        return keep(record)
    try:
        keep(record)
    finally:
        _write(record, file)
    return file


def _write(record: BuildRecord, file: Path) -> None:
    from buildlab.record import store

    try:
        store.save(record, file)
    except OSError as fault:
        if no_space(fault):
            raise
        raise RecordError(
            f"the record can't be written to {file}: {fault.strerror}", "see it: buildlab show"
        ) from fault


def _keep_what_was_seen(record: BuildRecord | None, wanted: _Wanted, stop: BaseException) -> None:
    """The record of a build that was stopped or broke; nothing where it had not begun."""
    if record is None:
        return
    if wanted.save is not None:
        try:
            _write(record, wanted.save)
            stop.add_note(f"Saved: {wanted.save}")
        except (OSError, BuildlabError) as fault:
            stop.add_note(f"not saved to {wanted.save}: {fault}")
    if wanted.as_json:
        show_record(record, True)


@contextmanager
def _ended_like_ctrl_c() -> Iterator[None]:
    """A CI runner or a closed terminal ends a build as Ctrl-C does: its record is kept."""

    def end(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt(f"ended by {signal.Signals(number).name}")

    before = {n: signal.signal(n, end) for n in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
