"""`buildlab doctor`: a table of what works here."""

from __future__ import annotations

from typing import Annotated

import typer

from buildlab.cli._out import print_json
from buildlab.errors import spoken

EPILOG = "Examples:  buildlab doctor  ·  buildlab doctor --json  ·  buildlab --engine docker doctor"


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command(epilog=EPILOG)(doctor)


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Do what the lessons do, once, and show what works and how to repair what does not.

    Exit code 0 if nothing is at fault (warnings are allowed), 1 otherwise.
    """
    from rich.console import Console

    from buildlab.host.settings import Settings
    from buildlab.setup.doctor import Report, examine

    Settings.from_env()  # a variable that means nothing is a usage error, not a row
    screen = Console(emoji=False, stderr=True, highlight=False)
    with screen.status("…") as status:
        report: Report = examine(starting=lambda title: status.update(f"{title} …"))
    if as_json:
        print_json(report.to_dict())
    else:
        _print(report)
    raise typer.Exit(0 if report.ok else 1)


def _print(report: object) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from buildlab.setup.doctor import Report, Result

    assert isinstance(report, Report)
    marks = {
        Result.OK: ("✓ ok", "green"),
        Result.WARNING: ("! warning", "yellow"),
        Result.FAULT: ("✗ fault", "bold red"),
        Result.SKIPPED: ("– skipped", "dim"),
    }
    table = Table(pad_edge=False, box=None, header_style="bold")
    for column in ("check", "result", "detail and remedy"):
        table.add_column(column, overflow="fold", no_wrap=column == "result")
    for row in report.findings:
        detail = Text(row.detail)
        if row.remedy:
            detail.append(f"\n→ {spoken(row.remedy)}", style="bold")
        table.add_row(row.check, Text(*marks[row.result]), detail)
    console = Console(emoji=False, highlight=False)
    console.print(table)
    console.print(report.summary, markup=False)
