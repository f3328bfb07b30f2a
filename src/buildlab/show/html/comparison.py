"""Two builds as one table: states and times step by step, and what changed in each."""

from __future__ import annotations

from buildlab.record.compare import Change, Comparison, Side, summary
from buildlab.record.steps import Step
from buildlab.record.words import how_it_ended, suspicion
from buildlab.show.html.look import look, worked_s
from buildlab.show.html.page import render, styled


def comparison_html(comparison: Comparison) -> str:
    """Both builds' states and times, step by step, and what changed in each."""
    sides = (comparison.a, comparison.b)
    changes = [
        {
            "places": _places(change),
            "instruction": change.instruction,
            "halves": [_half(s, side) for s, side in zip((change.a, change.b), sides, strict=True)],
            "news": _news(change),
        }
        for change in comparison.changes
    ]
    return styled(render("comparison", label=summary(comparison), sides=sides, changes=changes))


def _half(step: Step | None, side: Side) -> dict[str, object] | None:
    if step is None:
        return None
    return {
        "look": look(step.state, how_it_ended(step), base=not step.cacheable),
        "mark": suspicion(step, side.suspect),
        "seconds": worked_s(step),
    }


def _places(change: Change) -> str:
    """A step's place in both builds, once where it is the same."""
    keys = dict.fromkeys(str(s.key) for s in (change.a, change.b) if s is not None)
    return " → ".join(keys)


def _news(change: Change) -> str:
    told = [
        *[change.status] * (change.status in ("new", "gone", "not known")),
        *["moved"] * change.moved,
        *(str(d) for d in change.differences),
        *["another state"] * (change.changed and change.in_both),
    ]
    return "; ".join(told)
