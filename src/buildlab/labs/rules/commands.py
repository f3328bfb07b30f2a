"""Rules of several commands in one repository."""

from __future__ import annotations

from buildlab.labs.model import Fact
from buildlab.labs.rules.declared import Seen, rule
from buildlab.labs.trial import Trial
from buildlab.record.phrases import short_instruction


@rule
def links_only(trial: Trial, *, edit: str, target: str, others: tuple[str, ...]) -> Seen:
    """After this edit a step of the target links anew, and none of the other targets does.

    Facts: `arrived` (whether the target's own step ran), `too many` (steps of others that ran),
    `other` (the first such target).
    """
    arrived = bool(trial.built(edit, target=target).ran(trial.doing("link", target)))
    ran = {
        other: trial.built(edit, target=other).ran(trial.doing("link", other)) for other in others
    }
    guilty = [(other, steps[0]) for other, steps in ran.items() if steps]
    facts: dict[str, Fact] = {
        "arrived": arrived,
        "too many": sum(len(steps) for steps in ran.values()),
        "other": guilty[0][0] if guilty else "",
    }
    if not arrived:
        return Seen(False, f"after {edit}, {target} is as it was: the edit doesn't arrive", facts)
    if guilty:
        other, step = guilty[0]
        what = short_instruction(step.instruction, 50)
        return Seen(False, f"after {edit}, {other} ran {step.place} again: {what}", facts)
    return Seen(True, f"after {edit}, {target} was linked anew, {', '.join(others)} not", facts)
