"""Two builds side by side, step by step."""

from __future__ import annotations

from dataclasses import dataclass

from buildlab.record import BuildRecord, State, Step, StepKey


@dataclass(frozen=True, slots=True)
class Change:
    """One step in both builds; a state is None, and its duration 0.0, where a build lacks it."""

    key: StepKey
    instruction: str
    state_a: State | None
    state_b: State | None
    duration_a_s: float
    duration_b_s: float
    cacheable: bool = True

    @property
    def changed(self) -> bool:
        """Whether the states differ. FROM never counts: its state means nothing."""
        return self.cacheable and self.state_a is not self.state_b


@dataclass(frozen=True, slots=True)
class Comparison:
    """Build `a` beside build `b`; `changes` holds every step of either, in Dockerfile order."""

    title_a: str
    title_b: str
    wall_a_s: float
    wall_b_s: float
    changes: tuple[Change, ...]
    recorded: str = ""

    @property
    def wall_ratio(self) -> float:
        """How many times as long as `b` the build `a` took: over 1 means that `b` is faster."""
        return self.wall_a_s / self.wall_b_s if self.wall_b_s > 0 else float("inf")

    @property
    def changed(self) -> tuple[Change, ...]:
        """The steps whose state differs."""
        return tuple(c for c in self.changes if c.changed)

    def _repr_html_(self) -> str:
        from buildlab.html import comparison_html

        return comparison_html(self)

    def __str__(self) -> str:
        from buildlab.text import describe_comparison

        return describe_comparison(self)


def compare(a: BuildRecord, b: BuildRecord) -> Comparison:
    """Match the steps of two builds by (stage, index)."""
    first, second = {s.key: s for s in a.steps}, {s.key: s for s in b.steps}
    keys = merged_keys(tuple(first), tuple(second))
    return Comparison(
        a.title,
        b.title,
        a.wall_s,
        b.wall_s,
        tuple(_change(key, first.get(key), second.get(key)) for key in keys),
        a.recorded or b.recorded,
    )


def merged_keys(*orders: tuple[StepKey, ...]) -> tuple[StepKey, ...]:
    """All keys in the first order; what it lacks follows the last step of its stage."""
    keys: list[StepKey] = []
    for order in orders:
        for key in order:
            if key in keys:
                continue
            same = [i for i, k in enumerate(keys) if k.stage == key.stage and k.index < key.index]
            keys.insert(same[-1] + 1 if same else len(keys), key)
    return tuple(keys)


def _change(key: StepKey, a: Step | None, b: Step | None) -> Change:
    known = b or a
    return Change(
        key,
        known.instruction if known else "",
        a.state if a else None,
        b.state if b else None,
        a.duration_s if a else 0.0,
        b.duration_s if b else 0.0,
        known.cacheable if known else True,
    )
