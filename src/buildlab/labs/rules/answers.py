"""Rules of answers that a learner has measured: compared with what is measured now, not with a key.

What is asked is always the lab as it was given, so an answer stays right after the repair.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from buildlab import loading
from buildlab.errors import UsageError
from buildlab.labs.model import Fact
from buildlab.labs.rules.declared import Seen, rule
from buildlab.labs.trial import Built, Trial
from buildlab.record.phrases import count, format_bytes
from buildlab.record.steps import State, Step

Question = Literal["slowest line", "file", "edits that run nothing", "bytes sent", "steps that run"]
Answer = str | int | list[str]
NEAR_S: Final = 1.5
"""Steps are as slow as each other within this ratio: either is a right answer."""
NEAR_BYTES: Final = 1 / 3


@dataclass(frozen=True, slots=True)
class Measured:
    """What is right now: each answer that counts; and `text`, which says so once it is found.
    `slack` is the share by which a number may differ."""

    right: tuple[Answer, ...]
    text: str
    slack: float = 0.0

    def fits(self, answer: Answer) -> bool:
        """Whether an answer is right; the order of a list is of no matter."""
        if isinstance(answer, list):
            return any(isinstance(r, list) and sorted(r) == sorted(answer) for r in self.right)
        if isinstance(answer, int):
            numbers = [r for r in self.right if isinstance(r, int)]
            return any(abs(answer - n) <= n * self.slack for n in numbers)
        return answer.strip().removeprefix("./") in self.right


@rule
def answered(
    trial: Trial,
    *,
    name: str,
    question: Question,
    edits: tuple[str, ...] = (),
    files: dict[str, str] | None = None,
    path: str = "answers.toml",
) -> Seen:
    """The answer of that name is what the kit measures on this machine, of the lab as it was given.

    `edits` are those asked about, `files` the files asked about, each with the edit that changes
    it. Facts: `answered` (false where there is none yet), `right`, `side` ("too high", "too low",
    "other").
    """
    try:
        answer = read_answer(trial, path, name)
    except UsageError as fault:
        return Seen(False, fault.message, {"answered": False, "right": False, "side": "other"})
    if answer in (0, "", []):
        return Seen(
            False, f"{name} is not answered", {"answered": False, "right": False, "side": "other"}
        )
    found = _MEASURES[question](trial.as_given(), edits, files or {})
    right = found.fits(answer)
    facts: dict[str, Fact] = {"answered": True, "right": right, "side": _side(answer, found)}
    if right:
        return Seen(True, f"measured, too: {found.text}", facts)
    return Seen(False, f"{name} = {answer!r} is not what is measured ({facts['side']})", facts)


@rule
def changes_at_most(trial: Trial, *, lines: int, path: str = "Dockerfile") -> Seen:
    """The file differs from the one given in that many lines at most.

    A changed line counts once; a moved one twice, as it is gone in one place and new in another.
    Comments and empty lines don't count. Facts: `changed`.
    """
    given = _counted((trial.lab.start / path).read_text("utf-8"))
    blocks = difflib.SequenceMatcher(
        None, given, _counted(trial.tree.read(path)), autojunk=False
    ).get_opcodes()
    changed = sum(max(b - a, d - c) for kind, a, b, c, d in blocks if kind != "equal")
    text = f"{count(changed, 'line')} of {path} changed, {lines} at most asked for"
    return Seen(changed <= lines, text, {"changed": changed})


def _counted(text: str) -> list[str]:
    """The lines without comments, empty ones, and spaces and capitals that mean nothing."""
    lines = (" ".join(line.split()).casefold() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def read_answer(trial: Trial, path: str, name: str) -> Answer:
    """One answer. Raises UsageError that says what is wrong with the file."""
    try:
        value = loading.from_toml(trial.tree.read(path)).get(name, 0)
    except loading.Unreadable as fault:
        raise UsageError(f"{path} can't be read: {fault}") from fault
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return list(value)
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise UsageError(f"{path}: {name} is no whole number, text, or list of texts")


def _side(answer: Answer, found: Measured) -> str:
    numbers = [r for r in found.right if isinstance(r, int)]
    if not isinstance(answer, int) or not numbers:
        return "other"
    return "too high" if answer > max(numbers) else "too low"


def _slowest(given: Trial) -> list[Step]:
    """The steps that took longest in the first build, and those that took nearly as long."""
    steps = sorted(given.built().record.work, key=lambda s: s.duration_s, reverse=True)
    return [s for s in steps if s.duration_s * NEAR_S >= steps[0].duration_s]


def _ran(made: Built) -> list[Step]:
    return [s for s in made.record.work if s.cacheable and s.state is State.RAN]


def _slowest_line(given: Trial, _: tuple[str, ...], __: Mapping[str, str]) -> Measured:
    slow = _slowest(given)
    lines = tuple(s.lines[0] for s in slow if s.lines)
    return Measured(lines, f"the slowest step is in line {lines[0]}: {slow[0].instruction}")


def _file(given: Trial, _: tuple[str, ...], files: Mapping[str, str]) -> Measured:
    slow = {s.key for s in _slowest(given)}
    found = tuple(f for f, e in files.items() if slow & {s.key for s in _ran(given.built(e))})
    return Measured(found, f"a change of {_listed(found)} makes the slowest step run again")


def _nothing(given: Trial, edits: tuple[str, ...], _: Mapping[str, str]) -> Measured:
    found = [e for e in edits if not _ran(given.built(e))]
    return Measured((found,), f"after {_listed(found)} no step runs")


def _sent(given: Trial, _: tuple[str, ...], __: Mapping[str, str]) -> Measured:
    size = given.built().record.context_bytes
    return Measured((size,), f"{format_bytes(size)} of context are sent", NEAR_BYTES)


def _steps(given: Trial, edits: tuple[str, ...], _: Mapping[str, str]) -> Measured:
    steps = _ran(given.built(*edits))
    return Measured((len(steps),), f"after {_listed(edits)} {count(len(steps), 'step')} ran")


_MEASURES: Final[
    Mapping[Question, Callable[[Trial, tuple[str, ...], Mapping[str, str]], Measured]]
] = {
    "slowest line": _slowest_line,
    "file": _file,
    "edits that run nothing": _nothing,
    "bytes sent": _sent,
    "steps that run": _steps,
}


def _listed(names: Sequence[str]) -> str:
    return " and ".join(names) or "none"
