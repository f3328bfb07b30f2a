"""How a step's state is told: the same sign, colour and word in every table."""

from __future__ import annotations

from dataclasses import dataclass

from buildlab.record.steps import Step
from buildlab.record.style import BASE_WORDS, TIMED, WORDS
from buildlab.record.words import how_it_ended, state_words


@dataclass(frozen=True, slots=True)
class Look:
    """A word, and the phase whose glyph and colour go with it; without one the word is dim."""

    word: str
    phase: str = ""


def look(phase: str, word: str = "", *, base: bool = False) -> Look:
    """A base image gets neither glyph nor colour: its state says nothing of the build cache."""
    if base and phase in ("cached", "ran"):
        return Look(BASE_WORDS)
    return Look(word or WORDS[phase], phase)


def step_look(step: Step) -> Look:
    """Of a step that stands in several places: where it is told. Of a stopped one, that it was."""
    if step.shared_with:
        return Look(state_words(step))
    return look(step.state, how_it_ended(step), base=not step.cacheable)


def worked_s(step: Step) -> float:
    """The seconds to show: 0 for a step that did no work here."""
    return step.duration_s if step.stopped or step.state in TIMED else 0.0
