"""Predict, run, look: the learner marks the steps that they think will run, then builds.

    guess = predict(baseline, edit="a comment in main.go")
    guess                                        # boxes to tick, one for each step
    guess.check(build(tree, title="a comment"))  # the difference, painted on the steps

The same as a plain function, for scripts and exports: `predict(baseline, guess=[4, 5]).check(r)`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from buildlab.record.model import BuildRecord
from buildlab.record.phrases import short_instruction
from buildlab.record.steps import StepKey
from buildlab.show.html.page import render, styled
from buildlab.show.widgets.asked import Asked
from buildlab.show.widgets.prediction import SHOWN, Mark, Result, compare_with, resolve

ASK: Final = "Mark the steps that you think will run"


class Prediction(Asked):
    """Boxes to tick for the steps of a known build. Made by `predict`."""

    def __init__(
        self, baseline: BuildRecord, edit: str = "", guess: Iterable[Mark] | None = None
    ) -> None:
        self.baseline = baseline
        self.edit = edit
        self.steps = tuple(s for s in baseline.work if s.cacheable)
        self._given = None if guess is None else resolve(guess, self.steps)
        self._boxes: dict[StepKey, Any] = {}

    @property
    def marked(self) -> frozenset[StepKey] | None:
        """The steps marked to run, read now; None while nothing was marked."""
        if self._given is not None:
            return self._given
        ticked = frozenset(key for key, box in self._boxes.items() if box.value)
        none_runs = self._boxes and self._nothing.value
        return ticked if ticked or none_runs else None

    def check(self, record: BuildRecord) -> Result:
        """Compare with the build made. The boxes settle: from now on they can only be read."""
        result = compare_with(self.marked, self.baseline, record, self.edit)
        self._settle()
        return result

    @property
    def given(self) -> bool:
        return self._given is not None

    def _fix(self) -> None:
        self._given = self.marked

    def _make_boxes(self) -> Any:
        """A box for each step, and one for those who expect that nothing runs."""
        import ipywidgets as widgets

        wide = widgets.Layout(width="auto", margin="0")
        room = max((len(s.place) for s in self.steps), default=0)
        self._boxes = {
            s.key: widgets.Checkbox(
                value=s.key in (self.marked or ()),
                description=f"{n:>2}  {s.place:<{room}}  {short_instruction(s.instruction, SHOWN)}",
                indent=False,
                layout=wide,
            )
            for n, s in enumerate(self.steps, 1)
        }
        self._nothing = widgets.Checkbox(
            value=False,
            description="    nothing runs: all from the cache",
            indent=False,
            layout=wide,
        )
        boxes = [*self._boxes.values(), self._nothing]
        for box in boxes:
            box.add_class("buildlab-box")
        return widgets.VBox([widgets.HTML(self._html([])), *boxes])

    def _question(self) -> str:
        return f"{ASK} after {self.edit}:" if self.edit else f"{ASK}:"

    def _repr_html_(self) -> str:
        marked = self.marked
        rows = [
            {
                "marked": step.key in (marked or ()),
                "place": step.place,
                "instruction": step.instruction,
            }
            for step in self.steps
        ]
        said = "" if marked else " No step marked." if marked is None else " Nothing runs."
        return self._html(rows, said)

    def _html(self, rows: Sequence[Mapping[str, object]], said: str = "") -> str:
        return styled(render("predict", question=self._question(), said=said, rows=rows))

    def __repr__(self) -> str:
        marked = self.marked
        if marked is None:
            return f"{self._question()} none marked yet, {len(self.steps)} steps"
        return f"{self._question()} {', '.join(map(str, sorted(marked))) or 'nothing runs'}"


def predict(
    baseline: BuildRecord, edit: str = "", *, guess: Iterable[Mark] | None = None
) -> Prediction:
    """Ask which steps of `baseline` will run again after `edit`; then `.check(record)`.

    With `guess` (row numbers from 1, "build 4", or keys; `[]` for "nothing runs") nothing is
    asked. Without it and without a mark, `check` shows what ran, and that nothing was predicted.
    """
    return Prediction(baseline, edit, guess)
