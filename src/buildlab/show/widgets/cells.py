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

from buildlab.basics.visible import escaped
from buildlab.errors import UsageError
from buildlab.record.style import NO_MATHS
from buildlab.show.widgets.asked import Asked, said_recorded
from buildlab.show.widgets.gridframe import STYLE as GRID_STYLE

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
        rows = "".join(
            _row(row, "".join(self._cell((row, column)) for column in self.columns))
            for row in self.rows
        )
        key = "● yes &emsp; ○ no"
        if self.predicted is not None:
            key += " &emsp; ! not expected &emsp; ? expected in vain"
        return _table(f"{escaped(str(self))}{said_recorded([self])}", self.columns, rows, key)

    def _cell(self, cell: Cell) -> str:
        yes = cell in self.measured
        said = self.predicted is not None and cell in self.predicted
        wrong = self.predicted is not None and said != yes
        words = "yes" if yes else "no"
        if wrong:
            words += ", not expected" if yes else ", expected in vain"
        state = f"{'ran' if yes else 'cached'}{' missed' if wrong else ''}"
        sign = f"<b>{'!' if yes else '?'}</b>" if wrong else ""
        return (
            f'<td class="{state}" title="{words}"><span aria-hidden="true"><i>{"●" if yes else "○"}'
            f'</i>{sign}</span><span class="sr">{words}</span></td>'
        )


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
        head = f'<div class="buildlab-grid {NO_MATHS}"><p>{escaped(self.question)}</p></div>'
        return widgets.VBox([widgets.HTML(GRID_STYLE + head), grid])

    def _repr_html_(self) -> str:
        marked = self.marked or frozenset()
        rows = "".join(
            _row(
                row, "".join(f"<td>{'☒' if (row, c) in marked else '☐'}</td>" for c in self.columns)
            )
            for row in self.rows
        )
        return _table(escaped(self.question), self.columns, rows, "")

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


def _row(name: str, cells: str) -> str:
    return f'<tr><th scope="row">{escaped(name)}</th>{cells}</tr>'


def _table(head: str, columns: Sequence[str], rows: str, key: str) -> str:
    heads = "".join(f'<th scope="col">{escaped(column)}</th>' for column in columns)
    foot = f'<p class="key">{key}</p>' if key else ""
    return (
        f'{GRID_STYLE}<div class="buildlab-grid {NO_MATHS}"><p>{head}</p><table><thead><tr><td>'
        f"</td>{heads}</tr></thead><tbody>{rows}</tbody></table>{foot}</div>"
    )
