"""Predict several edits at once: edits down, steps across, one box for each pair.

    guess = predict_edits(baseline, ("mtime only", "rename"))
    guess                          # boxes to tick
    guess.check(runs.records)      # the difference, painted on the grid

The same as a plain function: `predict_edits(baseline, {"rename": [4, 5]}).check(records)`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from buildlab.errors import UsageError
from buildlab.record.model import BuildRecord
from buildlab.record.recorded import where_recorded
from buildlab.record.steps import State, Step, StepKey
from buildlab.record.style import GLYPHS, WORDS
from buildlab.show.widgets.asked import Asked
from buildlab.show.widgets.gridframe import GridRow, box, grid_html, result_row
from buildlab.show.widgets.prediction import SIGNS, Mark, Result, Verdict, compare_with, resolve

ASK: Final = (
    "For each edit, mark the steps that you think will run. No mark in a row: nothing runs."
)
BOX_PX: Final = 42
SAID: Final[dict[Verdict, str]] = {
    "right": "predicted right",
    "missed": "ran unexpectedly",
    "false alarm": "cached unexpectedly",
}


@dataclass(frozen=True, slots=True)
class GridResult:
    """Every edit's prediction beside its build; a notebook shows one grid."""

    results: tuple[Result, ...]

    @property
    def made(self) -> bool:
        """False where the learner marked nothing at all: the grid then shows what happened."""
        return any(r.made for r in self.results)

    @property
    def right(self) -> int:
        """How many (edit, step) pairs were predicted right."""
        return sum(r.right for r in self.results)

    def __str__(self) -> str:
        pairs = sum(len(r.rows) for r in self.results)
        if not self.made:
            return f"{len(self.results)} edits measured. No prediction was made."
        return f"{self.right} of {pairs} predicted right, over {len(self.results)} edits."

    __repr__ = __str__

    def _repr_html_(self) -> str:
        seen: dict[StepKey, str] = {}
        for row in (row for result in self.results for row in result.rows):
            seen.setdefault(row.key, row.instruction)
        return grid_html(
            str(self),
            tuple(seen.items()),
            rows=[result_row(r, tuple(seen)) for r in self.results],
            key=self._key(),
            recorded=where_recorded(self.results),
        )

    def _key(self) -> list[tuple[str, str]]:
        """The signs in use: how a cell with it looks, and its words."""
        rows = [row for r in self.results for row in r.rows]
        states = {row.state for row in rows}
        told = [(s.replace(" ", "-"), f"{GLYPHS[s]} {WORDS[s]}") for s in State if s in states]
        verdicts = {row.verdict for row in rows} if self.made else set()
        return told + [("", f"{SIGNS[v]} {said}") for v, said in SAID.items() if v in verdicts]


class EditPredictions(Asked):
    """Boxes to tick for each edit and step. Made by `predict_edits`."""

    def __init__(
        self,
        baseline: BuildRecord,
        edits: Sequence[str],
        guess: Mapping[str, Iterable[Mark]] | None,
    ) -> None:
        self.baseline = baseline
        self.edits = tuple(edits)
        self.steps: tuple[Step, ...] = tuple(s for s in baseline.work if s.cacheable)
        self._given = (
            None
            if guess is None
            else {edit: resolve(marks, self.steps) for edit, marks in guess.items()}
        )
        self._boxes: dict[tuple[str, StepKey], Any] = {}

    @property
    def marked(self) -> Mapping[str, frozenset[StepKey]] | None:
        """The steps marked for each edit, read now; None while nothing at all was marked."""
        if self._given is not None:
            return self._given
        ticked = {
            edit: frozenset(s.key for s in self.steps if self._ticked(edit, s.key))
            for edit in self.edits
        }
        return ticked if any(ticked.values()) else None

    def _ticked(self, edit: str, key: StepKey) -> bool:
        box = self._boxes.get((edit, key))
        return bool(box and box.value)

    def check(self, records: Mapping[str, BuildRecord]) -> GridResult:
        """Compare with the builds made after each edit. Raises UsageError where one is missing."""
        missing = [edit for edit in self.edits if edit not in records]
        if missing:
            raise UsageError(f"no build of the edit {missing[0]!r}", "run the edit first")
        marked = self.marked
        results = tuple(
            compare_with(
                None if marked is None else marked.get(edit, frozenset()),
                self.baseline,
                records[edit],
                edit,
            )
            for edit in self.edits
        )
        self._settle()
        return GridResult(results)

    @property
    def given(self) -> bool:
        return self._given is not None

    def _fix(self) -> None:
        marked = self.marked
        self._given = None if marked is None else dict(marked)

    def _make_boxes(self) -> Any:
        """A grid of boxes under the numbers of the steps; the steps are named above it."""
        import ipywidgets as widgets

        def cell(made: Any, *classes: str) -> Any:
            for name in ("buildlab-tick", *classes):
                made.add_class(name)
            return made

        plain = widgets.Layout(width="auto", margin="0")
        cells = [cell(widgets.Label("", layout=plain))]
        cells += [cell(widgets.Label(str(n), layout=plain)) for n, _ in enumerate(self.steps, 1)]
        for edit in self.edits:
            cells.append(cell(widgets.Label(edit, layout=plain), "buildlab-edit"))
            for n, step in enumerate(self.steps, 1):
                box = widgets.Checkbox(indent=False, layout=plain, tooltip=f"{edit}: step {n} runs")
                self._boxes[edit, step.key] = cell(box)
                cells.append(box)
        columns = f"max-content repeat({len(self.steps)}, {BOX_PX}px)"
        grid = widgets.GridBox(
            cells, layout=widgets.Layout(grid_template_columns=columns, overflow="auto")
        )
        grid.add_class("buildlab-ticks")
        return widgets.VBox([widgets.HTML(grid_html(ASK, self._named())), grid])

    def _named(self) -> tuple[tuple[StepKey, str], ...]:
        return tuple((s.key, s.instruction) for s in self.steps)

    def _repr_html_(self) -> str:
        marked = self.marked
        rows = [
            GridRow(edit, [box(s.key in (marked or {}).get(edit, ())) for s in self.steps])
            for edit in self.edits
        ]
        said = " No step marked." if marked is None else ""
        return grid_html(f"{ASK}{said}", self._named(), rows=rows)

    def __repr__(self) -> str:
        return f"{ASK} {len(self.edits)} edits × {len(self.steps)} steps"


def predict_edits(
    baseline: BuildRecord, edits: Sequence[str] | Mapping[str, Iterable[Mark]]
) -> EditPredictions:
    """Ask which steps run after each of several edits; then `.check(records)`.

    `edits` is the names, to be marked by the learner, or a mapping of each name to its marks
    (row numbers from 1, step names or keys), which asks nothing.
    """
    guess = edits if isinstance(edits, Mapping) else None
    return EditPredictions(baseline, tuple(edits), guess)
