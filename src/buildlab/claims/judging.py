"""From facts to a verdict: nothing else decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from buildlab.bench.conditions import Condition, told
from buildlab.bench.runs import Fact, Runs
from buildlab.claims.model import Claim, Evidence, Judged, Verdict
from buildlab.errors import UsageError
from buildlab.record.model import BuildRecord
from buildlab.record.steps import State


def judge(claim: Claim, facts: Mapping[str, Fact]) -> Judged:
    """The claim with its verdict. One whose conditions name no fact is not measured."""
    try:
        return _judged(claim, facts)
    except UsageError as fault:
        shown = "/".join(claim.path.parts[-2:])
        return Judged(claim, Verdict.NOT_MEASURED, error=f"{shown}: {fault}")


def _judged(claim: Claim, facts: Mapping[str, Fact]) -> Judged:
    looked = _look(claim.holds, facts)
    provisos = [(p.condition, _look(p.when, facts)) for p in claim.holds_if]
    if claim.holds and all(e.true for e in looked):
        return Judged(claim, Verdict.HOLDS, evidence=looked)
    for condition, seen in provisos:
        if all(e.true for e in seen):
            return Judged(claim, Verdict.HOLDS_IF, condition, _each_once(looked, seen))
    every = [e for _, seen in provisos for e in seen]
    return Judged(claim, Verdict.FAILS, evidence=_each_once(looked, every))


def facts_of(runs: Runs) -> dict[str, Fact]:
    """The experiment's facts, and what can be read off each of its builds by name.

    No seconds: one build's are no evidence. The experiment's own facts come first.
    """
    read: dict[str, Fact] = {}
    for name, record in runs.records.items():
        read |= {f"{name}: {what}": value for what, value in _of_record(record).items()}
    return {**read, **runs.facts}


def _of_record(record: BuildRecord) -> dict[str, Fact]:
    states = list(record.states().values())
    found: dict[str, Fact] = {
        "succeeded": record.ok,
        "steps that ran": states.count(State.RAN),
        "steps cached": states.count(State.CACHED),
        "context_bytes": record.context_bytes,
        "layers": len(record.layers),
    }
    if record.image_size_bytes is not None:
        found["image_bytes"] = record.image_size_bytes
    for step in record.work:
        if step.cacheable:
            found[f"state of {step.key}"] = step.state.value
    return found


def _look(conditions: Sequence[Condition], facts: Mapping[str, Fact]) -> tuple[Evidence, ...]:
    seen = []
    for condition in conditions:
        value, true = condition.look(facts)
        seen.append(Evidence(condition.left, told(value), true))
    return tuple(seen)


def _each_once(*parts: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """What was looked at, each fact once."""
    return tuple({e.condition: e for part in parts for e in part}.values())
