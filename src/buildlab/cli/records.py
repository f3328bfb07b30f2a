"""`buildlab show` and `compare`: a record, two records beside each other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from buildlab.cli._out import print_json
from buildlab.errors import RecordError, quoted

if TYPE_CHECKING:
    from buildlab.record.model import BuildRecord

KEPT = 200
"""So many records of `buildlab build` are kept; the oldest go first."""
_REFERENCE = "A record: its file, its id, the start of its id, or `last` (`last~1` the one before)."

Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command(
        epilog="Examples:  buildlab show  ·  buildlab show last~1 --json  ·  "
        "buildlab show before.json"
    )(show)
    app.command(
        epilog="Examples:  buildlab compare last~1 last  ·  "
        "buildlab compare before.json after.json --json"
    )(compare)


def show(
    record: Annotated[str, typer.Argument(help=_REFERENCE)] = "last", as_json: Json = False
) -> None:
    """Show a saved record: steps, states, times."""
    show_record(_find(record), as_json)


def compare(
    a: Annotated[str, typer.Argument(metavar="A", help=_REFERENCE)],
    b: Annotated[str, typer.Argument(metavar="B", help=_REFERENCE)],
    as_json: Json = False,
) -> None:
    """Show two records beside each other: what changed, which steps that touched, what it cost."""
    from buildlab.record.compare import compare as compared
    from buildlab.record.compare import plain

    comparison = compared(_find(a), _find(b))
    if as_json:
        print_json(plain(comparison))
        return
    from buildlab.cli._comparison import print_comparison

    print_comparison(comparison)


def _records() -> Path:
    from buildlab.host.settings import Settings

    return Settings.from_env().paths.records


def keep(record: BuildRecord) -> Path:
    """Save a record at home, where `show` looks; its path. Raises OSError, EngineError."""
    from buildlab.host.settings import Settings
    from buildlab.record import store

    folder = Settings.from_env().paths.make(_records())
    path = folder / f"{record.id}.json"
    store.save(record, path)
    ours = Settings.from_env().paths.ours.parted(folder).ours
    for old in [p for p in ours if p.suffix == ".json"][:-KEPT]:
        old.unlink(missing_ok=True)
    return path


def _find(reference: str) -> BuildRecord:
    """The record that `reference` names. Raises RecordError where there is none."""
    from buildlab.record import store

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
    raise RecordError(f"{what} {reference!r}", f"look: ls {quoted(_records())}")


def show_record(
    record: BuildRecord, as_json: bool, *, failure: bool = True, stderr: bool = False
) -> None:
    """Print a record, as a table or as JSON."""
    from buildlab.record import store

    if as_json:
        print_json(store.to_dict(record))
        return
    from buildlab.cli._progress import print_record

    print_record(record, failure=failure, stderr=stderr)
