"""`buildlab show` and `compare`: a record, two records beside each other."""

from __future__ import annotations

from typing import Annotated

import typer

from buildlab.cli._out import print_json
from buildlab.cli._records import Json, find, show_record

_REFERENCE = "A record: its file, its id, the start of its id, or `last` (`last~1` the one before)."


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
    show_record(find(record), as_json)


def compare(
    a: Annotated[str, typer.Argument(metavar="A", help=_REFERENCE)],
    b: Annotated[str, typer.Argument(metavar="B", help=_REFERENCE)],
    as_json: Json = False,
) -> None:
    """Show two records beside each other: what changed, which steps that touched, what it cost."""
    from buildlab.record.compare import compare as compared
    from buildlab.record.compare import plain

    comparison = compared(find(a), find(b))
    if as_json:
        print_json(plain(comparison))
        return
    from buildlab.cli._comparison import print_comparison

    print_comparison(comparison)
