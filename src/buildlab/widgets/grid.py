"""Predict several edits at once: edits down, steps across, one box for each pair.

    guess = predict_edits(baseline, ("mtime only", "rename"))
    guess                          # boxes to tick
    guess.check(runs.records)      # the difference, painted on the grid

The same as a plain function: `predict_edits(baseline, {"rename": [4, 5]}).check(records)`.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from buildlab.errors import UsageError
from buildlab.record import BuildRecord, Step, StepKey
from buildlab.style import COLOURS, GLYPHS, NO_MATHS, WORDS
from buildlab.text import short_instruction
from buildlab.widgets.kernel import in_kernel
from buildlab.widgets.prediction import SIGNS, Mark, Result, compare_with, resolve

ASK: Final = "For each edit, mark the steps that you think will run. No mark in a row: nothing runs"
BOX_PX: Final = 30


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
        told = next((r.recorded for r in self.results if r.recorded), "")
        rows = "".join(_result_row(r) for r in self.results)
        key = "&emsp;".join(f"{GLYPHS[s]} {WORDS[s]}" for s in ("ran", "cached"))
        if self.made:
            key += "&emsp;✓ predicted right&emsp;! ran unexpectedly&emsp;? cached unexpectedly"
        return _grid(
            f"{html.escape(str(self))} {f'<em>{html.escape(told)}</em>' if told else ''}",
            [(r.key, r.instruction) for r in self.results[0].rows],
            rows,
            key,
        )


class EditPredictions:
    """Boxes to tick for each edit and step. Made by `predict_edits`."""

    def __init__(
        self,
        baseline: BuildRecord,
        edits: Sequence[str],
        guess: Mapping[str, Iterable[Mark]] | None,
    ) -> None:
        self.baseline = baseline
        self.edits = tuple(edits)
        self.steps: tuple[Step, ...] = tuple(s for s in baseline.steps if s.cacheable)
        self._given = (
            None
            if guess is None
            else {edit: resolve(marks, self.steps) for edit, marks in guess.items()}
        )
        self._boxes: dict[tuple[str, StepKey], Any] = {}
        self._handle: Any = None
        self._widget: Any = None

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

    def _settle(self) -> None:
        """Replace the boxes with what they held, so that a saved notebook shows it."""
        if self._handle is None or self._widget is None:
            return
        from IPython.display import HTML

        marked, widget, self._widget = self.marked, self._widget, None
        self._given = None if marked is None else dict(marked)
        self._handle.update(HTML(self._repr_html_()))  # type: ignore[no-untyped-call]
        widget.close()

    def _ipython_display_(self) -> None:
        """Boxes in a live notebook; the static grid everywhere else and once it is decided."""
        from IPython.display import HTML, display

        if self._given is not None or not in_kernel():
            display(HTML(self._repr_html_()))  # type: ignore[no-untyped-call]
            return
        self._widget = self._make_boxes()
        self._handle = display(self._widget, display_id=True)  # type: ignore[no-untyped-call]

    def _make_boxes(self) -> Any:
        """A grid of boxes under the numbers of the steps; the steps are named above it."""
        import ipywidgets as widgets

        small = widgets.Layout(width=f"{BOX_PX}px", margin="0 2px")
        cells: list[Any] = [widgets.Label("")]
        cells += [widgets.Label(str(n), layout=small) for n in range(1, len(self.steps) + 1)]
        for edit in self.edits:
            cells.append(widgets.Label(edit))
            for n, step in enumerate(self.steps, 1):
                box = widgets.Checkbox(indent=False, layout=small, tooltip=f"{edit}: step {n} runs")
                self._boxes[edit, step.key] = box
                cells.append(box)
        grid = widgets.GridBox(
            cells,
            layout=widgets.Layout(
                grid_template_columns=f"max-content repeat({len(self.steps)}, {BOX_PX + 4}px)",
                grid_gap="0 6px",
            ),
        )
        return widgets.VBox([widgets.HTML(_legend(ASK, self._named())), grid])

    def _named(self) -> list[tuple[StepKey, str]]:
        return [(s.key, s.instruction) for s in self.steps]

    def _repr_html_(self) -> str:
        marked = self.marked or {}
        rows = "".join(
            f'<tr><th scope="row">{html.escape(edit)}</th>'
            + "".join(
                f"<td>{'☒' if s.key in marked.get(edit, ()) else '☐'}</td>" for s in self.steps
            )
            + "</tr>"
            for edit in self.edits
        )
        return _grid(html.escape(ASK), self._named(), rows)

    def __repr__(self) -> str:
        return f"{ASK}: {len(self.edits)} edits × {len(self.steps)} steps"


def predict_edits(
    baseline: BuildRecord, edits: Sequence[str] | Mapping[str, Iterable[Mark]]
) -> EditPredictions:
    """Ask which steps run after each of several edits; then `.check(records)`.

    `edits` is the names, to be marked by the learner, or a mapping of each name to its marks
    (row numbers from 1, step names or keys), which asks nothing.
    """
    guess = edits if isinstance(edits, Mapping) else None
    return EditPredictions(baseline, tuple(edits), guess)


def _result_row(result: Result) -> str:
    cells = []
    for row in result.rows:
        state = row.state or "not reached"
        sign = SIGNS[row.verdict] if result.made else ""
        cells.append(
            f'<td class="{row.verdict.replace(" ", "-")}" title="{html.escape(row.words)}">'
            f'<span style="color:{COLOURS[state]}">{GLYPHS[state]}</span>'
            f'<span class="said">{sign}</span><span class="sr">{html.escape(row.words)}</span></td>'
        )
    return f'<tr><th scope="row">{html.escape(result.edit)}</th>{"".join(cells)}</tr>'


def _legend(question: str, named: Sequence[tuple[StepKey, str]]) -> str:
    """The question, and the steps under the numbers that head the columns."""
    steps = "".join(
        f"<li><code>{html.escape(short_instruction(text, 90))}</code></li>" for _, text in named
    )
    return f'{STYLE}<div class="buildlab-grid {NO_MATHS}"><p>{question}</p><ol>{steps}</ol></div>'


def _grid(question: str, named: Sequence[tuple[StepKey, str]], rows: str, key: str = "") -> str:
    heads = "".join(f'<th scope="col">{n}</th>' for n in range(1, len(named) + 1))
    table = f"<table><thead><tr><th></th>{heads}</tr></thead><tbody>{rows}</tbody></table>"
    foot = f'<p class="key">{key}</p>' if key else ""
    return f'{_legend(question, named)}<div class="buildlab-grid {NO_MATHS}">{table}{foot}</div>'


STYLE: Final = """<style>
.buildlab-grid{color:var(--jp-content-font-color1,#222);font-size:.93em;margin:.2em 0;
overflow-x:auto}
.buildlab-grid p{margin:.2em 0 .4em}
.buildlab-grid p.key,.buildlab-grid em{color:var(--jp-content-font-color2,#555)}
.buildlab-grid ol{margin:.1em 0 .5em 1.6em;padding:0;line-height:1.5}
.buildlab-grid code{background:none;padding:0;color:inherit;white-space:nowrap!important}
.buildlab-grid table{border-collapse:collapse;border:0;margin:0;width:auto;table-layout:auto}
.buildlab-grid table tr{background:none!important}
.buildlab-grid table th,.buildlab-grid table td{border:0;padding:.2em .55em;
text-align:center!important;border-bottom:1px solid var(--jp-border-color2,#ddd);color:inherit;max-width:none}
.buildlab-grid table th[scope=row]{text-align:left!important;font-weight:400;white-space:nowrap}
.buildlab-grid td.missed,.buildlab-grid td.false-alarm{background:rgba(230,159,0,.18);
font-weight:700;-webkit-print-color-adjust:exact;print-color-adjust:exact}
.buildlab-grid .said{margin-left:.3em}
.buildlab-grid .sr{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
</style>"""
