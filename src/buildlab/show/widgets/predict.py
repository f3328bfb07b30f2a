"""Predict, run, look: the learner marks the steps that they think will run, then builds.

    guess = predict(baseline, edit="a comment in main.go")
    guess                                        # boxes to tick, one for each step
    guess.check(build(tree, title="a comment"))  # the difference, painted on the steps

The same as a plain function, for scripts and exports: `predict(baseline, guess=[4, 5]).check(r)`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from buildlab.basics.visible import escaped
from buildlab.record.model import BuildRecord, StepKey
from buildlab.record.phrases import short_instruction
from buildlab.record.style import NO_MATHS
from buildlab.show.widgets.asked import Asked
from buildlab.show.widgets.prediction import (
    SHOWN,
    STYLE,
    Mark,
    Result,
    code_html,
    compare_with,
    resolve,
)

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
        head = widgets.HTML(f'<b class="{NO_MATHS}">{escaped(self._question())}</b>')
        boxes = [*self._boxes.values(), self._nothing]
        for box in boxes:
            box.add_class("buildlab-box")
        return widgets.VBox([widgets.HTML(BOX_STYLE), head, *boxes])

    def _question(self) -> str:
        return f"{ASK} after {self.edit}:" if self.edit else f"{ASK}:"

    def _repr_html_(self) -> str:
        marked = self.marked
        lines = "".join(
            f'<tr><td class="no">{n}</td><td>{"☒ runs" if s.key in (marked or ()) else "☐"}</td>'
            f'<td class="key">{escaped(s.place)}</td>'
            f"<td>{code_html(s.instruction)}</td></tr>"
            for n, s in enumerate(self.steps, 1)
        )
        said = "" if marked else " No step marked." if marked is None else " Nothing runs."
        asked = escaped(self._question())
        return (
            f'{STYLE}<div class="buildlab-predict {NO_MATHS}"><p><b>{asked}</b>'
            f"{said}</p><table><tbody>{lines}</tbody></table></div>"
        )

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


BOX_STYLE: Final = """<style>
.buildlab-box{height:auto;min-height:1.75em}
.buildlab-box label{display:flex;align-items:center}
.buildlab-box input[type=checkbox]{margin:0 .5em 0 0;flex:none}
.buildlab-box label{white-space:pre;font-family:var(--jp-code-font-family,monospace);
font-size:var(--jp-code-font-size,13px);overflow:hidden;text-overflow:ellipsis}
</style>"""
