"""`buildlab clean`: remove all that the kit made, and show that nothing else went."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from buildlab.cli._out import print_json
from buildlab.engine.clean import Cleaned

EPILOG = "Examples:  buildlab clean --dry-run  ·  buildlab clean --yes  ·  buildlab clean --json"


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command(epilog=EPILOG)(clean)


def clean(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List what would be removed; remove nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
    keep_records: Annotated[
        bool, typer.Option("--keep-records", help="Keep the saved build records.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON; implies --yes.")] = False,
) -> None:
    """Remove images, builders, caches, engines and files that buildlab made.

    What others made is counted and compared before and after. Exit code 0 if all of ours is gone
    and all of theirs is there, 1 otherwise.
    """
    from buildlab import engine as engines
    from buildlab.engine import clean as cleaner

    if not dry_run and not yes and not as_json:
        plan = cleaner.clean(dry_run=True, keep_records=keep_records)
        _list(plan, "Would remove")
        if not plan.removals:
            return
        typer.confirm("Remove all of it?", abort=True)
    done = cleaner.clean(dry_run=dry_run, keep_records=keep_records)
    engines.forget()
    if as_json:
        print_json({"ok": done.ok, "dry_run": dry_run, **asdict(done)})
    else:
        _list(done, "Would remove" if dry_run else "Removed")
        if not dry_run:
            _prove(done)
    raise typer.Exit(0 if done.ok else 1)


def _list(found: Cleaned, verb: str) -> None:
    from rich.console import Console

    console = Console(emoji=False, highlight=False, soft_wrap=True)
    for row in found.removals:
        line = f"{row.what:<10} {row.name}  ({row.where})"
        if row.kept:
            console.print(f"Kept          {line}: {row.kept}", markup=False, style="yellow")
        else:
            console.print(f"{verb:<13} {line}", markup=False)
    for left in found.left:
        console.print(f"{'Left alone':<13} {left.path}: {left.why}", markup=False)
    if not found.removals:
        console.print("Nothing of buildlab's is here.")
    elif found.freed_bytes:
        console.print(f"Freed {found.freed_bytes / 1e9:.1f} GB.")


def _prove(found: Cleaned) -> None:
    from rich.console import Console
    from rich.table import Table

    from buildlab.host.ours import names

    table = Table(title="What others have", box=None, header_style="bold", title_justify="left")
    for column in ("where", "what", "before", "after", ""):
        table.add_column(column, overflow="fold")
    for row in found.proofs:
        verdict = "all there" if row.same else f"LOST: {names(row.lost, 10)}"
        table.add_row(row.where, row.what, str(row.before), str(row.after), verdict)
    Console(emoji=False, highlight=False).print(table)
