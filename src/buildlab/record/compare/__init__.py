"""Two builds side by side, step by step.

`model` is what a comparison is; `alignment` says which step is which, `changes` what changed in
it, `sentence` what is worth saying.
"""

from __future__ import annotations

import re
from typing import Any

from buildlab.record.compare.alignment import Pair, matched, merged
from buildlab.record.compare.changes import Difference, differences, of_image
from buildlab.record.compare.given import asked, files_unknown, of_files, warned
from buildlab.record.compare.model import Change, Comparison, Outcome, Side
from buildlab.record.compare.sentence import summary
from buildlab.record.model import BuildRecord

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
    "summary",
]

_STOPPED = re.compile(r"interrupted|was stopped in the engine", re.I)
_TIMED_OUT = re.compile(r"stopped after [\d.]+ s", re.I)
_SIGNALS = (130, 143, -2, -15)


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
        "sentence": summary(comparison),
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
        "engine": side.engine.called,
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
