"""What a comparison of two builds is: its sides, its steps in both, what was asked of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from buildlab.record.compare.changes import Difference
from buildlab.record.engineinfo import EngineInfo
from buildlab.record.steps import State, Step, StepKey

Status = Literal["same", "changed", "new", "gone", "not known"]
Outcome = Literal["succeeded", "failed", "interrupted", "timed out"]


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

    def __repr__(self) -> str:
        return f"<Comparison of {self.a.name!r} and {self.b.name!r}: {len(self.changes)} steps>"
