"""`buildlab engine …` and `buildlab env`: see, start, stop and empty the engine."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from typing import Annotated

import typer

from buildlab.cli._out import print_json
from buildlab.errors import UsageError, spoken
from buildlab.host.settings import Settings

NO_ENGINE = (
    "BUILDLAB_REPLAY is set: recorded builds are shown, no engine is used",
    "unset BUILDLAB_REPLAY",
)
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    group = typer.Typer(no_args_is_help=True)
    group.command(epilog="Examples:  buildlab engine status  ·  buildlab engine status --json")(
        status
    )
    group.command(epilog="Example:  buildlab --engine embedded engine start")(start)
    group.command(epilog="Example:  buildlab engine stop")(stop)
    group.command(epilog="Examples:  buildlab engine reset  ·  buildlab engine reset --downloads")(
        reset
    )
    app.add_typer(group, name="engine", help="See, start, stop or empty the engine.")
    app.command(epilog='Example:  eval "$(./lab env)", then: docker buildx ls')(env)


def status(as_json: AsJson = False) -> None:
    """Show which engine builds use, why that one, and what it holds. Starts nothing.

    Exit code 3 where there is no engine to be had.
    """
    from buildlab.engine import status as states

    found = states.status()
    if as_json:
        print_json(asdict(found))
        return
    replay = Settings.from_env().replaying
    rows = [
        ("engine", "none" if replay else f"{found.kind}, {'' if found.running else 'not '}running"),
        ("trouble", found.trouble),
        ("why", found.why),
        ("address", found.address),
        ("builder", found.builder),
        ("versions", ", ".join(f"{k} {v}" for k, v in (found.versions or {}).items() if v)),
        ("up", "" if found.uptime_s is None else _duration(found.uptime_s)),
        ("cache", "" if found.cache_bytes is None else f"{found.cache_bytes / 1e9:.2f} GB"),
        ("home", found.home),
    ]
    for name, value in rows:
        if value:
            print(f"{name:<9} {value}")
    for line in found.tried:
        print(f"tried     {line}")
    if not found.running and not replay:
        print(spoken("\nIt starts with the first build, or: buildlab engine start"))


def start() -> None:
    """Start the engine, if it does not run, and say which it is."""
    from rich.console import Console

    from buildlab import engine as engines

    if Settings.from_env().replaying:
        raise UsageError(*NO_ENGINE)
    found = engines.choice()
    with Console(emoji=False, stderr=True).status(f"{found.summary} …"):
        opened = engines.current()
    print(f"{opened.info.name}, builder {opened.info.builder}: running ({found.why})")


def stop() -> None:
    """Stop the engine; its images and cache stay."""
    from buildlab.engine import ending

    print(ending.stop(Settings.from_env()))


def reset(
    downloads: Annotated[
        bool, typer.Option("--downloads", help="Delete the downloaded engine packages too.")
    ] = False,
) -> None:
    """Stop the engine and delete its cache (and its images, where the engine is our own)."""
    from buildlab.engine import ending

    for line in ending.reset(Settings.from_env(), downloads=downloads):
        print(line)


def env() -> None:
    """Print the variables with which the literal docker commands reach the engine.

    Paste a command that a lesson shows after:  eval "$(./lab env)"
    """
    from buildlab import engine as engines

    opened = engines.current()
    if not opened.can.build:
        raise UsageError(*NO_ENGINE)
    for name, value in opened.env.items():
        print(f"unset {name}" if value is None else f"export {name}={shlex.quote(value)}")
    folder = opened.cli[0].rpartition("/")[0]
    if folder:
        # Last, so that nothing else of an embedded engine's programs hides the system's own.
        print(f'export PATH="$PATH":{shlex.quote(folder)}')


def _duration(seconds: float) -> str:
    minutes, hours = seconds / 60, seconds / 3600
    if hours >= 1:
        return f"{hours:.1f} h"
    return f"{minutes:.0f} min" if minutes >= 1 else f"{seconds:.0f} s"
