"""What a learner expects of a build, and how it compares with the build made: pure data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from buildlab.errors import UsageError
from buildlab.record.model import BuildRecord
from buildlab.record.steps import State, Step, StepKey
from buildlab.show.html.look import look
from buildlab.show.html.page import render, styled

Verdict = Literal["right", "missed", "false alarm", "not predicted"]
Mark = int | str | StepKey

SIGNS: Final[dict[Verdict, str]] = {
    "right": "✓",
    "missed": "!",
    "false alarm": "?",
    "not predicted": " ",
}
SHOWN: Final = 58
"""Characters of an instruction: its cache mounts go first, then its end."""
EXECUTED: Final = (State.RAN, State.FAILED)


@dataclass(frozen=True, slots=True)
class Checked:
    """One step of the build made, beside what was expected of it."""

    key: StepKey
    instruction: str
    expected_to_run: bool | None
    """None where nothing was predicted: no prediction at all, or a step that is new."""
    state: State | None
    """None where the build made has no such step."""

    @property
    def verdict(self) -> Verdict:
        if self.expected_to_run is None or self.state in (None, State.NOT_REACHED):
            return "not predicted"
        if self.expected_to_run == (self.state in EXECUTED):
            return "right"
        return "false alarm" if self.expected_to_run else "missed"

    @property
    def words(self) -> str:
        """The verdict as a sentence of a few words, for those who see neither sign nor colour."""
        if self.state is None:
            return "this build has no such step"
        done = {"ran": "it ran", "failed": "it ran and failed"}.get(self.state, self.state.value)
        if self.state is State.CACHED:
            done = "it came from the cache"
        if self.verdict == "not predicted":
            new = "" if self.state is not State.NOT_REACHED else "no verdict: "
            return f"{new}{done}"
        return f"{self.verdict}: {done}"


@dataclass(frozen=True, slots=True)
class Result:
    """A prediction compared with the build that was made. A notebook shows it as a table."""

    edit: str
    rows: tuple[Checked, ...]
    made: bool
    """False where the learner marked nothing: then the table shows only what happened."""
    recorded: str = ""

    @property
    def right(self) -> int:
        return self._count("right")

    @property
    def missed(self) -> int:
        return self._count("missed")

    @property
    def false_alarms(self) -> int:
        return self._count("false alarm")

    @property
    def score(self) -> float | None:
        """The share of the predicted steps that were right, None without a prediction."""
        judged = self.right + self.missed + self.false_alarms
        return self.right / judged if self.made and judged else None

    def _count(self, verdict: Verdict) -> int:
        return sum(r.verdict == verdict for r in self.rows)

    def __str__(self) -> str:
        ran = sum(r.state in EXECUTED for r in self.rows)
        after = f"After {self.edit}: " if self.edit else ""
        if not self.made:
            return f"{after}{ran} of {len(self.rows)} steps ran. No prediction was made."
        judged = self.right + self.missed + self.false_alarms
        parts = [f"{self.right} of {judged} steps predicted right"]
        parts += [f"{self.missed} ran unexpectedly"] if self.missed else []
        parts += [f"{self.false_alarms} came from the cache unexpectedly"] * bool(self.false_alarms)
        return f"{after}{', '.join(parts)}; {ran} of {len(self.rows)} steps ran."

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = [_row(row, self.made) for row in self.rows]
        told = render("result", told=str(self), recorded=self.recorded, made=self.made, rows=rows)
        return styled(told)


def compare_with(
    expected: Iterable[StepKey] | None, baseline: BuildRecord, record: BuildRecord, edit: str
) -> Result:
    """The steps of both builds in the order of `record`; `expected` None means no prediction."""
    known = {s.key: s for s in baseline.work if s.cacheable}
    seen = {s.key: s for s in record.work if s.cacheable}
    marks = None if expected is None else set(expected)
    keys = list(dict.fromkeys([*seen, *known]))
    rows = tuple(
        Checked(
            key,
            (seen.get(key) or known[key]).instruction,
            None if marks is None or key not in known else key in marks,
            seen[key].state if key in seen else None,
        )
        for key in keys
    )
    return Result(edit, rows, marks is not None, record.recorded)


def resolve(marks: Iterable[Mark], steps: tuple[Step, ...]) -> frozenset[StepKey]:
    """Steps from their row number (from 1), their name ("build 4", "build 4/6") or their key.

    Raises UsageError for one that the build does not have.
    """
    names = {str(s.key): s.key for s in steps} | {s.place: s.key for s in steps}
    found = set()
    for mark in marks:
        if isinstance(mark, StepKey) and str(mark) in names:
            found.add(mark)
        elif isinstance(mark, int) and 1 <= mark <= len(steps):
            found.add(steps[mark - 1].key)
        elif isinstance(mark, str) and mark in names:
            found.add(names[mark])
        else:
            choices = ", ".join(str(s.key) for s in steps)
            raise UsageError(
                f"no step {mark!r} to predict",
                f"use a number from 1 to {len(steps)}, or one of: {choices}",
            )
    return frozenset(found)


def _row(row: Checked, made: bool) -> dict[str, object]:
    """One step as a table row: sign, words and a coloured edge say the same."""
    return {
        "verdict": row.verdict,
        "key": row.key,
        "instruction": row.instruction,
        "said": {True: "runs", False: "cached", None: "–"}[row.expected_to_run],
        "look": look(row.state) if row.state else None,
        "told": f"{SIGNS[row.verdict]} {row.words if made else ''}",
    }
