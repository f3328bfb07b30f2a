"""Hints: the next rung of the one that fits what the last check has seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from buildlab.labs import progress
from buildlab.labs.model import BUILDS, Hint, Lab
from buildlab.labs.progress import Decided, LabProgress

RUNGS: Final = 3
_OF_BUILDS: Final = Hint(
    (),
    (
        "Look at the last lines of the build's error: they name the line of the Dockerfile.",
        "Go back to the last answer that built, and change one line at a time.",
        "`buildlab labs reset` gives the start again, which builds; yours is kept beside it.",
    ),
)


@dataclass(frozen=True, slots=True)
class Given:
    """A hint that was given: which rung (from 1), of which rule, and what it says."""

    rule: str
    rung: int
    text: str
    stale: bool = False
    """Whether the answer was changed since the check that it rests on."""


def next_hint(lab: Lab, answer: str) -> Given | None:
    """The next rung, noted as read. None where nothing fails, or nothing was checked yet.

    `answer` is the digest of the answer as it is now.
    """
    known = progress.read().of(lab.name)
    found = choose(lab, known)
    if found is None:
        return None
    rule, number, hint = found
    key = f"{rule}/{number}"
    rung = min(known.rungs.get(key, 0) + 1, RUNGS)
    progress.hinted(lab.name, key, rung)
    return Given(rule, rung, hint.rungs[rung - 1], stale=known.answer != answer)


def choose(lab: Lab, known: LabProgress) -> tuple[str, int, Hint] | None:
    """The rule that a hint is for, the hint's number among its rule's, and the hint."""
    failed = next((d for d in known.last if d.outcome == "failed"), None)
    if failed is None:
        return None
    if failed.id == BUILDS:
        return BUILDS, 0, lab.unbuilt or _OF_BUILDS
    return (failed.id, *of_rule(lab, failed))


def of_rule(lab: Lab, decided: Decided) -> tuple[int, Hint]:
    """The first hint that fits what was seen; the last one where none does."""
    hints = lab.rule(decided.id).hints
    for number, hint in enumerate(hints):
        if hint.fits(decided.facts):
            return number, hint
    return len(hints) - 1, hints[-1]
