"""`buildlab build`, `show` and `compare`: a build, its record, two records beside each other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from buildlab.errors import BuildlabError, RecordError, UsageError

if TYPE_CHECKING:
    from buildlab.record import BuildRecord

KEPT = 200
"""So many records of `buildlab build` are kept; the oldest go first."""
_REFERENCE = "A record: its file, its id, the start of its id, or `last` (`last~1` the one before)."

Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command(
        context_settings={"ignore_unknown_options": True},
        epilog="Examples:  buildlab build .  ·  buildlab build -f Dockerfile.prod --target app .",
    )(build)
    app.command(epilog="Examples:  buildlab show  ·  buildlab show last~1 --json")(show)
    app.command(epilog="Example:  buildlab compare last~1 last")(compare)


def build(
    arguments: Annotated[
        list[str],
        typer.Argument(
            metavar="[DOCKER FLAGS] CONTEXT",
            help="As for `docker buildx build`; CONTEXT is the first word or the last.",
        ),
    ],
    title: Annotated[str, typer.Option(help="A name for the record.")] = "",
    timeout: Annotated[float, typer.Option(help="Time limit in seconds.", metavar="S")] = 900,
    cache_ns: Annotated[
        str, typer.Option(help="Namespace of the cache mounts.", metavar="NAME")
    ] = "",
    as_json: Json = False,
) -> None:
    """Run `docker buildx build`, show what it does, and save the record.

    Exit code 0 if the build succeeded, 4 if it failed; see `buildlab show` for the record.
    """
    from rich.console import Console

    from buildlab.build import build as run
    from buildlab.cli._progress import line

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    context, flags = _split(arguments)
    with line(console, quiet=as_json) as observers, _evidence(as_json):
        record = run(
            context,
            *flags,
            title=title,
            cache_ns=cache_ns or None,
            timeout_s=timeout,
            observers=observers,
        )
    try:
        path = _keep(record)
    except (OSError, BuildlabError):
        _print(record, as_json)  # the build took minutes: nothing of it is lost
        raise
    _print(record, as_json, failure=False)  # the error says it
    if not as_json:
        console.print(f"Saved: {path}", markup=False)
    record.require_ok()


def show(
    record: Annotated[str, typer.Argument(help=_REFERENCE)] = "last", as_json: Json = False
) -> None:
    """Show a saved record: steps, states, times."""
    _print(_find(record), as_json)


def compare(
    a: Annotated[str, typer.Argument(metavar="A", help=_REFERENCE)],
    b: Annotated[str, typer.Argument(metavar="B", help=_REFERENCE)],
    as_json: Json = False,
) -> None:
    """Show two records beside each other: what changed, which steps that touched, what it cost."""
    from buildlab.compare import compare as compared
    from buildlab.compare import plain

    comparison = compared(_find(a), _find(b))
    if as_json:
        _print_json(plain(comparison))
        return
    from buildlab.cli._comparison import print_comparison

    print_comparison(comparison)


def _split(arguments: list[str]) -> tuple[str, list[str]]:
    """Context and flags. A first word that is no flag can't be a flag's value either."""
    if not arguments[0].startswith("-"):
        return arguments[0], arguments[1:]
    *flags, context = arguments
    if context.startswith("-") and context != "-":
        raise UsageError("no CONTEXT is named, only flags", "buildlab build FLAGS CONTEXT")
    return context, flags


def _records() -> Path:
    from buildlab.engine.settings import Settings

    return Settings.from_env().paths.records


def _keep(record: BuildRecord) -> Path:
    from buildlab import store
    from buildlab.engine.settings import Settings

    folder = Settings.from_env().paths.make(_records())
    path = folder / f"{record.id}.json"
    store.save(record, path)
    for old in sorted(folder.glob("*.json"))[:-KEPT]:
        old.unlink(missing_ok=True)
    return path


def _find(reference: str) -> BuildRecord:
    """The record that `reference` names. Raises RecordError where there is none."""
    from buildlab import store

    if Path(reference).is_file():
        return store.load(Path(reference))
    saved = sorted(_records().glob("*.json"))
    name, tilde, back = reference.partition("~")
    if name == "last" and (not tilde or back.isdigit()):
        place = int(back or 0)
        if place < len(saved):
            return store.load(saved[-1 - place])
        raise RecordError(f"there is no record {reference!r} yet", "buildlab build CONTEXT")
    found = [path for path in saved if path.stem.startswith(reference)]
    if len(found) == 1:
        return store.load(found[0])
    what = "several records begin with" if found else "there is no record"
    raise RecordError(f"{what} {reference!r}", f"look: ls {_records()}")


@contextmanager
def _evidence(as_json: bool) -> Iterator[None]:
    """With --json, a build that was stopped prints what was seen of it, too."""
    try:
        yield
    except (BuildlabError, KeyboardInterrupt) as stop:
        record = getattr(stop, "record", None)
        if as_json and record is not None:
            _print(record, as_json)
        raise


def _print(record: BuildRecord, as_json: bool, *, failure: bool = True) -> None:
    from buildlab import store

    if as_json:
        _print_json(store.to_dict(record))
        return
    from buildlab.cli._progress import print_record

    print_record(record, failure=failure)


def _print_json(data: dict[str, Any]) -> None:
    print(json.dumps(data, indent=2))
