"""Ask which cells of a table will be marked, and compare with what was measured.

    guess = predict_cells("Where will the token be found?", ("ARG", "secret mount"), ("history",))
    guess                                     # boxes to tick
    guess.check({("ARG", "history")})         # measured and predicted in one table

The same as a plain function: `predict_cells(…, guess=[("ARG", "history")]).check(found)`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from buildlab.errors import UsageError
from buildlab.show.widgets.asked import Asked
from buildlab.show.widgets.gridframe import GridCell, GridRow, box, grid_html

Cell = tuple[str, str]
"""Row and column, by name."""
BOX_PX: Final = 110


@dataclass(frozen=True, slots=True)
class CellsResult:
    """A table of what was measured, with the cells that were predicted otherwise marked."""

    question: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    predicted: frozenset[Cell] | None
    measured: frozenset[Cell]
    recorded: str = ""

    @property
    def right(self) -> int:
        """How many cells were predicted right; 0 without a prediction."""
        if self.predicted is None:
            return 0
        return len(self.rows) * len(self.columns) - len(self.predicted ^ self.measured)

    def __str__(self) -> str:
        cells = len(self.rows) * len(self.columns)
        if self.predicted is None:
            return f"{self.question} Measured: {len(self.measured)} of {cells}. None was predicted."
        return f"{self.question} {self.right} of {cells} predicted right."

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = [
            GridRow(row, [self._cell((row, column)) for column in self.columns])
            for row in self.rows
        ]
        key = ["● yes", "○ no"]
        if self.predicted is not None:
            key += ["! not expected", "? expected in vain"]
        return grid_html(
            str(self),
            columns=self.columns,
            rows=rows,
            key=[("", words) for words in key],
            recorded=self.recorded,
        )

    def _cell(self, cell: Cell) -> GridCell:
        yes = cell in self.measured
        glyph, words, kind = ("●", "yes", "ran") if yes else ("○", "no", "cached")
        if self.predicted is None or (cell in self.predicted) == yes:
            return GridCell(glyph, words, kind)
        sign, why = ("!", "not expected") if yes else ("?", "expected in vain")
        return GridCell(glyph, f"{words}, {why}", f"{kind} missed", sign)


class CellPredictions(Asked):
    """Boxes to tick for each row and column. Made by `predict_cells`."""

    def __init__(
        self,
        question: str,
        rows: Sequence[str],
        columns: Sequence[str],
        guess: Iterable[Cell] | None,
    ) -> None:
        self.question = question
        self.rows = tuple(rows)
        self.columns = tuple(columns)
        self._given = None if guess is None else self._known(guess)
        self._boxes: dict[Cell, Any] = {}

    def _known(self, cells: Iterable[Cell]) -> frozenset[Cell]:
        found = frozenset(cells)
        for row, column in found:
            if row not in self.rows or column not in self.columns:
                raise UsageError(
                    f"the table has no cell {(row, column)!r}",
                    f"rows: {', '.join(self.rows)}; columns: {', '.join(self.columns)}",
                )
        return found

    @property
    def marked(self) -> frozenset[Cell] | None:
        """The cells marked, read now; None while none was."""
        if self._given is not None:
            return self._given
        return frozenset(cell for cell, box in self._boxes.items() if box.value) or None

    @property
    def given(self) -> bool:
        return self._given is not None

    def check(self, measured: Iterable[Cell], recorded: str = "") -> CellsResult:
        """Compare with the cells that were found. Raises UsageError for one outside the table."""
        result = CellsResult(
            self.question, self.rows, self.columns, self.marked, self._known(measured), recorded
        )
        self._settle()
        return result

    def _fix(self) -> None:
        self._given = self.marked

    def _make_boxes(self) -> Any:
        import ipywidgets as widgets

        plain = widgets.Layout(width="auto", margin="0")

        def label(text: str, *classes: str) -> Any:
            made = widgets.Label(text, layout=plain)
            for name in ("buildlab-tick", *classes):
                made.add_class(name)
            return made

        cells = [label(""), *(label(column) for column in self.columns)]
        for row in self.rows:
            cells.append(label(row, "buildlab-edit"))
            for column in self.columns:
                box = widgets.Checkbox(indent=False, layout=plain, tooltip=f"{row}: {column}")
                box.add_class("buildlab-tick")
                self._boxes[row, column] = box
                cells.append(box)
        columns = f"max-content repeat({len(self.columns)}, minmax({BOX_PX}px, max-content))"
        grid = widgets.GridBox(
            cells, layout=widgets.Layout(grid_template_columns=columns, overflow="auto")
        )
        return widgets.VBox([widgets.HTML(grid_html(self.question)), grid])

    def _repr_html_(self) -> str:
        marked = self.marked or frozenset()
        rows = [
            GridRow(row, [box((row, c) in marked, "yes") for c in self.columns])
            for row in self.rows
        ]
        return grid_html(self.question, columns=self.columns, rows=rows)

    def __repr__(self) -> str:
        return f"{self.question} {len(self.rows)} × {len(self.columns)}"


def predict_cells(
    question: str,
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    guess: Iterable[Cell] | None = None,
) -> CellPredictions:
    """Ask which (row, column) cells hold; then `.check(cells)`. With `guess` nothing is asked.

    Raises UsageError where `guess` names a cell that the table lacks.
    """
    return CellPredictions(question, rows, columns, guess)
