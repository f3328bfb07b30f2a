"""Two builds side by side, step by step.

`alignment` says which step is which, `changes` what changed in it, `sentence` what is worth saying.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from buildlab.compare.alignment import Pair, matched, merged
from buildlab.compare.changes import Difference, differences, of_image
from buildlab.compare.given import asked, files_unknown, of_files, warned
from buildlab.record import BuildRecord, EngineInfo, State, Step, StepKey
from buildlab.visible import on_one_line

__all__ = [
    "Change",
    "Comparison",
    "Difference",
    "Pair",
    "Side",
    "compare",
    "matched",
    "merged",
    "plain",
]

Status = Literal["same", "changed", "new", "gone", "not known"]
Outcome = Literal["succeeded", "failed", "interrupted", "timed out"]

_STOPPED = re.compile(r"interrupted|was stopped in the engine", re.I)
_TIMED_OUT = re.compile(r"stopped after [\d.]+ s", re.I)
_SIGNALS = (130, 143, -2, -15)


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two builds. `name` tells it from the other one in a sentence."""

    name: str
    id: str
    title: str
    started_at: str
    outcome: Outcome
    wall_s: float
    failed_at: str
    """The instruction that failed, "" where none did."""
    why: str
    """The first line of the error."""
    engine: EngineInfo
    recorded: str
    suspect: tuple[StepKey, ...] = ()
    """Its steps that ran while no space was left."""


@dataclass(frozen=True, slots=True)
class Change:
    """One step in both builds; `a` or `b` is None where a build has no such step."""

    a: Step | None
    b: Step | None
    moved: bool = False
    differences: tuple[Difference, ...] = ()
    known: bool = True
    """Whether both builds got far enough to say which steps they have."""

    @property
    def key(self) -> StepKey:
        """In the second build, or in the first where only that one has the step."""
        return self._there.key

    @property
    def instruction(self) -> str:
        return self._there.instruction

    @property
    def cacheable(self) -> bool:
        return self._there.cacheable

    @property
    def _there(self) -> Step:
        there = self.b or self.a
        assert there is not None
        return there

    @property
    def state_a(self) -> State | None:
        return self.a.state if self.a else None

    @property
    def state_b(self) -> State | None:
        return self.b.state if self.b else None

    @property
    def duration_a_s(self) -> float:
        """Seconds at work; 0.0 where the build lacks the step."""
        return self.a.duration_s if self.a else 0.0

    @property
    def duration_b_s(self) -> float:
        return self.b.duration_s if self.b else 0.0

    @property
    def status(self) -> Status:
        """Of the instruction, not of its state."""
        if not self.known:
            return "not known"
        if self.a is None or self.b is None:
            return "gone" if self.b is None else "new"
        return "changed" if self.differences else "same"

    @property
    def changed(self) -> bool:
        """Whether the state differs, or only one has the step. FROM's state means nothing."""
        return self.known and self.cacheable and self.state_a is not self.state_b

    @property
    def in_both(self) -> bool:
        return self.a is not None and self.b is not None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Build `a` beside build `b`; `changes` holds every step of either once, in b's order."""

    a: Side
    b: Side
    changes: tuple[Change, ...]
    asked: tuple[Difference, ...] = ()
    """What the two builds were asked for: context, Dockerfile, flags."""
    image: tuple[Difference, ...] = ()
    """What the Dockerfiles say of the image without a step: CMD, USER, LABEL, ENV, …"""

    files: tuple[Difference, ...] = ()
    """The files of the context and of secrets that differ, where both records know them."""
    files_unknown: str = ""
    """Why nothing is known of the files that were sent; "" where it is."""
    warnings: tuple[Difference, ...] = ()
    """What went wrong beside the steps in one of the two only: a cache import that failed, …"""

    @property
    def same_record(self) -> bool:
        alike = (self.a.id, self.a.wall_s) == (self.b.id, self.b.wall_s)
        return bool(self.a.id) and alike and all(c.a == c.b for c in self.changes)

    @property
    def comparable(self) -> bool:
        """Whether the wall times are: both builds ended well, both here or both in a recording."""
        ended = self.a.outcome == self.b.outcome == "succeeded"
        return ended and bool(self.a.recorded) == bool(self.b.recorded) and self.b.wall_s > 0

    @property
    def wall_ratio(self) -> float | None:
        """How many times as long as `b` the build `a` took; None where that says nothing."""
        return self.a.wall_s / self.b.wall_s if self.comparable else None

    @property
    def changed(self) -> tuple[Change, ...]:
        """The steps whose state differs, or that only one build has."""
        return tuple(c for c in self.changes if c.changed)

    def _repr_html_(self) -> str:
        from buildlab.html import comparison_html

        return comparison_html(self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))

    def __str__(self) -> str:
        from buildlab.compare.sentence import sentence

        return on_one_line(sentence(self))


def compare(a: BuildRecord, b: BuildRecord) -> Comparison:
    """Match the steps of two builds by what they are, and say what changed."""
    pairs = matched(a.work, b.work)
    stages = {p.a.stage: p.b.stage for p in pairs if p.a and p.b and not p.moved}
    known = bool(a.steps and b.steps)
    changes = tuple(
        Change(p.a, p.b, p.moved, differences(p.a, p.b, stages) if p.a and p.b else (), known)
        for p in pairs
    )
    alike = a.title == b.title or not (a.title and b.title)
    names = ("the first", "the second") if alike else (a.title, b.title)
    sides = _side(a, names[0]), _side(b, names[1])
    return Comparison(
        *sides,
        changes,
        asked(a, b),
        of_image(a, b, stages),
        of_files(a, b),
        files_unknown(a, b),
        warned(a, b),
    )


def _side(record: BuildRecord, name: str) -> Side:
    failure = record.failure
    step = next((s for s in record.steps if failure and s.key == failure.step), None)
    return Side(
        name,
        record.id,
        record.title,
        record.started_at,
        _outcome(record),
        record.wall_s,
        step.instruction if step else "",
        failure.message.strip().split("\n")[0] if failure else "",
        record.engine,
        record.recorded,
        record.suspect,
    )


def _outcome(record: BuildRecord) -> Outcome:
    said = record.failure.message if record.failure else ""
    if record.ok and not said:
        return "succeeded"
    if _TIMED_OUT.search(said):
        return "timed out"
    return "interrupted" if record.exit_code in _SIGNALS or _STOPPED.search(said) else "failed"


def plain(comparison: Comparison) -> dict[str, Any]:
    """A comparison as data for JSON: both builds, and of each step both sides."""
    return {
        "sentence": str(comparison),
        "title_a": comparison.a.title,
        "title_b": comparison.b.title,
        "wall_a_s": comparison.a.wall_s,
        "wall_b_s": comparison.b.wall_s,
        "same_record": comparison.same_record,
        "wall_ratio": comparison.wall_ratio,
        "a": _plain_side(comparison.a),
        "b": _plain_side(comparison.b),
        "asked": [_plain_difference(d) for d in comparison.asked],
        "image": [_plain_difference(d) for d in comparison.image],
        "files": [_plain_difference(d) for d in comparison.files],
        "files_unknown": comparison.files_unknown,
        "warnings": [_plain_difference(d) for d in comparison.warnings],
        "changes": [_plain_change(c) for c in comparison.changes],
    }


def _plain_side(side: Side) -> dict[str, Any]:
    return {
        "id": side.id,
        "title": side.title,
        "started_at": side.started_at,
        "outcome": side.outcome,
        "wall_s": side.wall_s,
        "failed_at": side.failed_at,
        "error": side.why,
        "engine": side.engine.name or side.engine.kind,
        "recorded": side.recorded,
        "suspect": [str(key) for key in side.suspect],
    }


def _plain_change(change: Change) -> dict[str, Any]:
    sides: dict[str, Any] = {}
    for name, step in (("a", change.a), ("b", change.b)):
        sides |= {
            f"key_{name}": str(step.key) if step else None,
            f"instruction_{name}": step.instruction if step else None,
            f"lines_{name}": list(step.lines) if step and step.lines else None,
            f"state_{name}": step.state.value if step and step.cacheable else None,
            f"duration_{name}_s": step.duration_s if step else None,
        }
    return {
        "key": str(change.key),
        "instruction": change.instruction,
        "status": change.status,
        "moved": change.moved,
        "changed": change.changed,
        "cacheable": change.cacheable,
        **sides,
        "differences": [_plain_difference(d) for d in change.differences],
    }


def _plain_difference(found: Difference) -> dict[str, str]:
    return {
        "kind": found.kind,
        "name": found.name,
        "before": found.before,
        "after": found.after,
        "text": str(found),
    }
