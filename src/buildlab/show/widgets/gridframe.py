"""The grid of edits and steps, or of rows and columns: asked, and painted with what happened.

A cell looks as in the heat map of `plot.matrix`: filled where a step ran, tinted where cached.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from buildlab.record.steps import StepKey
from buildlab.record.style import GLYPHS
from buildlab.show.html.page import render, styled
from buildlab.show.widgets.prediction import EXECUTED, SIGNS, Checked, Result

Named = Sequence[tuple[StepKey, str]]
"""The steps that head the columns: place and instruction."""


@dataclass(frozen=True, slots=True)
class GridCell:
    """A glyph for the eye, words for the ear, a look and a verdict's sign where there is one."""

    glyph: str
    words: str
    kind: str = ""
    sign: str = ""


@dataclass(frozen=True, slots=True)
class GridRow:
    """A row under its name; `count` sums it up at its end."""

    name: str
    cells: Sequence[GridCell]
    count: str = ""


def box(marked: bool, words: str = "runs") -> GridCell:
    """A box as it was left."""
    return GridCell("☒" if marked else "☐", words if marked else "")


def result_row(result: Result, keys: Sequence[StepKey]) -> GridRow:
    """One edit: a cell for each step, painted as in the heat map, with the verdict's sign."""
    rows = {row.key: row for row in result.rows}
    ran = sum(row.state in EXECUTED for row in result.rows)
    told = f"{ran} of {len(result.rows)} ran" if ran else "all cached"
    return GridRow(result.edit, [_cell(rows.get(key), result.made) for key in keys], told)


def _cell(row: Checked | None, made: bool) -> GridCell:
    if row is None or row.state is None:
        return GridCell("", "no such step")
    verdict = row.verdict if made else "not predicted"
    kind = " ".join(word.replace(" ", "-") for word in (row.state, verdict))
    words = row.words if made else row.state.value
    return GridCell(GLYPHS[row.state], words, kind, SIGNS[verdict].strip())


def grid_html(
    told: str,
    named: Named = (),
    *,
    columns: Sequence[str] = (),
    rows: Sequence[GridRow] = (),
    key: Sequence[tuple[str, str]] = (),
    recorded: str = "",
) -> str:
    """What is asked or found, the steps that head the columns by number, rows, the key."""
    steps = [
        {"instruction": text, "place": f"{key.stage or 'step'} {key.index}"} for key, text in named
    ]
    heads = columns or range(1, len(steps) + 1)
    return styled(
        render(
            "grid",
            told=told,
            steps=steps,
            columns=heads,
            rows=rows,
            key=key,
            recorded=recorded,
        )
    )
