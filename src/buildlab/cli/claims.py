"""`buildlab claims`: the sentences of articles and documentation, and what measuring says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from buildlab.cli._out import print_json

if TYPE_CHECKING:
    from rich.table import Table

    from buildlab.claims import Claim, Judged, Ledger, Verdict

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
Names = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[CLAIM…]",
        help="Ids, starts of ids, folders of claims/, or files; all if none is given.",
        show_default=False,
    ),
]
NOT_COMPLETE = 1
COLOURS = {
    "holds": "green",
    "holds if": "yellow",
    "fails": "red",
    "not testable here": "dim",
    "not measured": "bold red",
}
group = typer.Typer(no_args_is_help=True, help="Sentences of articles, settled by measurements.")


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    group.command(
        "run",
        epilog="Examples:  buildlab claims run  ·  buildlab claims run buildkit-with-go/02  ·  "
        "buildlab claims run my-claim.toml",
    )(run)
    group.command("list", epilog="Examples:  buildlab claims list  ·  buildlab claims list others")(
        list_
    )
    group.command("show", epilog="Example:  buildlab claims show buildkit-with-go/018")(show)
    app.add_typer(group, name="claims")


def run(
    names: Names = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Measure anew what was measured within a day.")
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Write verdicts, versions and date to measured.json.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run the experiments that claims name, each once, and show the verdicts.

    Results of lessons that ran on this machine within a day are used, and say when. Exit code 1
    if an experiment failed: its claims are not measured, the others are.
    """
    from rich.console import Console

    from buildlab import claims
    from buildlab.claims import shipped

    wanted = claims.select(claims.read(), names or ())
    judged: list[Judged] = []
    screen = Console(emoji=False, stderr=True, highlight=False, soft_wrap=True)
    try:
        with screen.status("reading claims …") as status:

            def told(step: str) -> None:
                if screen.is_terminal:
                    status.update(f"{step} …")
                elif not as_json:
                    screen.print(step, markup=False)

            for part in claims.judging(wanted, fresh=fresh, progress=told):
                judged += part
    finally:  # what was measured is shown when Ctrl-C ends the rest, too
        order = {c.id: n for n, c in enumerate(wanted)}
        ledger = claims.Ledger(tuple(sorted(judged, key=lambda j: order[j.claim.id])))
        _print_all(ledger, as_json)
    if keep:
        screen.print(f"Kept: {shipped.keep(ledger)}", markup=False)
    if not ledger.complete:
        raise typer.Exit(NOT_COMPLETE)


def list_(names: Names = None, as_json: AsJson = False) -> None:
    """List claims with the verdict that was seen when each was written. Measures nothing."""
    from rich.console import Console
    from rich.text import Text

    from buildlab import claims

    chosen = claims.select(claims.read(), names or ())
    if as_json:
        print_json([_claim(c) for c in chosen])
        return
    table = _table("claim", "says", "seen")
    for claim in chosen:
        table.add_row(claim.id, Text(claim.says), _verdict(claim.expected))
    Console(emoji=False, highlight=False).print(table)
    print(f"{len(chosen)} claims of {len({c.source.url for c in chosen})} sources")


def show(
    name: Annotated[str, typer.Argument(metavar="CLAIM", help="An id, the start of one, a file.")],
    as_json: AsJson = False,
) -> None:
    """Show one claim: where it was said, what settles it, and what was measured last."""
    from rich.console import Console

    from buildlab import claims

    chosen = claims.select(claims.read(), [name])
    if as_json:
        print_json([_claim(c) for c in chosen])
        return
    console = Console(emoji=False, highlight=False, soft_wrap=True)
    for claim in chosen:
        _print_claim(console, claim, claims.known(claim))


def _print_claim(console: Any, claim: Claim, judged: Judged | None) -> None:
    from buildlab.claims import shipped

    conditions = " and ".join(c.text for c in claim.holds)
    rows = [
        ("claim", claim.id),
        ("says", claim.says),
        ("source", f"{claim.source.title}, {claim.where}"),
        ("", claim.source.url),
        ("settled by", claim.call or f"nothing: {claim.untestable}"),
        ("holds", f"where {conditions}" if conditions else ""),
        *(
            ("holds if", f"{p.condition}: where {' and '.join(c.text for c in p.when)}")
            for p in claim.holds_if
        ),
        ("correct", claim.correct),
        ("seen", claim.expected.value),
        ("file", str(_shown(claim.path))),
    ]
    last = shipped.read().get(claim.id) if judged is None else shipped.of(judged)
    if last is not None:
        rows += [("measured", last.verdict), ("evidence", last.evidence), ("", last.when)]
    for label, text in rows:
        if text:
            console.print(f"{label:<11}{text}", markup=False)


def _print_all(ledger: Ledger, as_json: bool) -> None:
    if as_json:
        print_json([j.to_dict() for j in ledger.judged])
        return
    from rich.console import Console
    from rich.text import Text

    from buildlab.claims import shipped

    table = _table("claim", "says", "verdict", "evidence")
    for judged in ledger.judged:
        verdict = _verdict(judged.verdict)
        verdict.append(judged.verdict_text.removeprefix(judged.verdict.value), style="default")
        if judged.differs:
            verdict.append(f"\n≠ {judged.claim.expected.value} when it was written", "bold")
        table.add_row(judged.claim.id, Text(judged.claim.says), verdict, Text(judged.evidence_text))
    console = Console(emoji=False, highlight=False)
    console.print(table)
    counts = ", ".join(f"{n} {verdict}" for verdict, n in ledger.totals.items())
    console.print(f"{len(ledger.judged)} claims: {counts}", markup=False, soft_wrap=True)
    whens = (j.recorded or shipped.of(j).when for j in ledger.judged if j.engine)
    for when in dict.fromkeys(whens):
        console.print(when, markup=False, soft_wrap=True)


def _table(*columns: str) -> Table:
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in columns:
        table.add_column(name, overflow="fold", ratio=2 if name in ("says", "evidence") else 1)
    return table


def _verdict(verdict: Verdict) -> Any:
    from rich.text import Text

    return Text(verdict.value, style=COLOURS[verdict.value])


def _claim(claim: Claim) -> dict[str, object]:
    return {
        "id": claim.id,
        "source": {"title": claim.source.title, "url": claim.source.url, "where": claim.where},
        "says": claim.says,
        "correct": claim.correct,
        "experiment": claim.call,
        "holds": [c.text for c in claim.holds],
        "holds_if": [
            {"condition": p.condition, "when": [c.text for c in p.when]} for p in claim.holds_if
        ],
        "untestable": claim.untestable,
        "expected": claim.expected.value,
        "file": str(claim.path),
    }


def _shown(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
