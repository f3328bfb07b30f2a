"""Two builds in a sentence: how they ended, which steps make the difference, what changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from buildlab.basics.visible import on_one_line
from buildlab.record.compare.changes import Difference
from buildlab.record.compare.given import sent
from buildlab.record.compare.likeness import core, words
from buildlab.record.compare.model import Change, Comparison, Side
from buildlab.record.phrases import format_ratio, format_s
from buildlab.record.recorded import bracketed
from buildlab.record.steps import State, Step, StepKey
from buildlab.record.words import how_it_ended

Names = Mapping[int, str]

_NAMED = 3
"""How many steps a sentence names before it says how many more there are."""
_LONGEST, _LONGEST_WHY = 40, 100
_LEAST_S, _LEAST_PART = 0.05, 0.2
"""A step makes a difference from so many seconds on, and from such a part of the largest."""


def summary(comparison: Comparison) -> str:
    """What there is to say, in one line."""
    return on_one_line(_sentence(comparison))


def _sentence(comparison: Comparison) -> str:
    found, a = comparison, comparison.a
    if found.same_record:
        where = bracketed((a, found.b))
        return f"Both are one record ({a.id}): there is nothing to compare{where}."
    names = _names(found)
    parts = [
        _head(found, names),
        *_costs(found, names),
        *_in_one_only(found, names),
        *_edits(found, names),
        *_states(found, names),
    ]
    if not found.changes:
        parts.append("neither got as far as a step, so none can be compared")
    elif lacking := without_steps(found):
        parts.append(f"{lacking} got to no step, so none can be compared")
    elif not _differs(found):
        parts.append(
            "no instruction changed"
            if any(c.changed for c in found.changes)
            else "no instruction changed, and every step had the same state in both"
        )
    told = "; ".join(parts)
    told = told[:1].upper() + told[1:] if told.startswith("the ") else told
    return f"{told}{bracketed((found.a, found.b))}".removesuffix(".") + "."


def without_steps(found: Comparison) -> str:
    """Which of the two has no step at all; "" where both have some."""
    for side, steps in (
        (found.a, [c.a for c in found.changes]),
        (found.b, [c.b for c in found.changes]),
    ):
        if not any(steps):
            return side.name
    return ""


def _differs(found: Comparison) -> bool:
    return bool(found.image) or any(c.status != "same" or c.moved for c in found.changes)


def _head(found: Comparison, names: Names) -> str:
    a, b = found.a, found.b
    if not found.comparable:
        steps = {c.b.instruction: names[id(c)] for c in found.changes if c.b}
        ends = f"{_ended(a, steps)}, {_ended(b, steps)}"
        if bool(a.recorded) != bool(b.recorded):
            old = a if a.recorded else b
            ends += f" ({old.name} is a recording: its times are another machine's)"
        return ends
    walls = f"{format_s(a.wall_s)} and {format_s(b.wall_s)}"
    if _engine(a) != _engine(b):
        walls += f", on two engines: {_engine(a)} and {_engine(b)}"
    ratio = a.wall_s / b.wall_s
    if 0.95 <= ratio <= 1.05:
        return f"{a.name} and {b.name} took about as long ({walls})"
    if ratio > 1:
        return f"{b.name} was {format_ratio(ratio)} as fast as {a.name} ({walls})"
    return f"{b.name} took {format_ratio(1 / ratio)} as long as {a.name} ({walls})"


def _ended(side: Side, steps: Mapping[str, str]) -> str:
    time = format_s(side.wall_s)
    if side.outcome == "succeeded":
        return f"{side.name} took {time}"
    if side.outcome == "failed":
        why = side.why.rstrip(":.")
        if side.failed_at:
            where = f" at {steps.get(side.failed_at) or _short(_core_of(side.failed_at))}"
        else:
            where = f" ({_short(why, _LONGEST_WHY)})" if why else ""
        return f"{side.name} failed after {time}{where}"
    how = "interrupted" if side.outcome == "interrupted" else "stopped by its time limit"
    return f"{side.name} was {how} after {time}"


def _core_of(instruction: str) -> str:
    return core(words(Step(StepKey("", 0), 0, instruction, State.FAILED)))


def _engine(side: Side) -> str:
    return side.engine.called


# --- time ---------------------------------------------------------------------------------------


def spent_s(state: State | None, duration_s: float) -> float:
    """Seconds of work that a step cost: a cached one has times, and cost nothing."""
    return duration_s if state in (State.RAN, State.FAILED) else 0.0


def deciding(found: Comparison) -> list[Change]:
    """The steps that make the difference in time, the largest first; [] where times say nothing."""
    if not found.comparable:
        return []
    costs = [(abs(_cost_s(c)), c) for c in found.changes if c.cacheable]
    most = max((cost for cost, _ in costs), default=0.0)
    kept = [one for one in costs if one[0] >= max(_LEAST_S, most * _LEAST_PART)]
    return [change for _, change in sorted(kept, key=lambda one: -one[0])]


def _cost_s(change: Change) -> float:
    return spent_s(change.state_b, change.duration_b_s) - spent_s(
        change.state_a, change.duration_a_s
    )


def _costs(found: Comparison, names: Names) -> Iterator[str]:
    told = [f"{names[id(c)]}: {_times(c)}" for c in deciding(found)[:_NAMED]]
    if told:
        yield ", ".join(told)


def _times(change: Change) -> str:
    """Seconds before and after; a word where the step did not run."""
    sides = [
        format_s(step.duration_s) if step.state in (State.RAN, State.FAILED) else how_it_ended(step)
        for step in (change.a, change.b)
        if step is not None
    ]
    if len(sides) == 1:
        return f"{sides[0]} ({change.status})"
    before, after = sides
    if before.endswith(" s") and after.endswith(" s") and " min" not in before + after:
        before = before.removesuffix(" s")
    return f"{before} → {after}"


# --- what changed -------------------------------------------------------------------------------


def _in_one_only(found: Comparison, names: Names) -> Iterator[str]:
    """What went wrong in one of the two, and may be why they differ."""
    for side, told in (
        (found.a, [str(w) for w in found.warnings if w.before]),
        (found.b, [str(w) for w in found.warnings if w.after]),
    ):
        if told:
            yield f"in {side.name} only: {_listed(told)}"
    for side, steps in (
        (found.a, {names[id(c)]: c.a for c in found.changes}),
        (found.b, {names[id(c)]: c.b for c in found.changes}),
    ):
        if some := [name for name, step in steps.items() if step and step.key in side.suspect]:
            yield f"suspect in {side.name}, where no space was left: {_listed(some)}"


def _may_read_others(step: Step | None) -> bool:
    """Whether this step ran, and reads files that were sent."""
    return step is not None and step.reads_context and step.state is not State.CACHED


def _edits(found: Comparison, names: Names) -> Iterator[str]:
    timed = {id(c) for c in deciding(found)[:_NAMED]}
    for status in ("new", "gone"):
        some = [c for c in found.changes if c.status == status and id(c) not in timed]
        if some:
            yield f"{status}: {_listed([names[id(c)] for c in some])}"
    if moved := [c for c in found.changes if c.moved]:
        yield f"moved: {_listed([names[id(c)] for c in moved])}"
    if files := [str(d) for d in found.files if sent(d.name)]:
        yield f"other files: {_listed(files)}"
    if values := [str(d) for d in found.files if not sent(d.name)]:
        yield f"other values: {_listed(values)}"
    if found.files_unknown and any(_may_read_others(c.b) for c in found.changes):
        yield f"whether files differ isn't known: {found.files_unknown}"
    arguments = {d.name for c in found.changes for d in c.differences if d.kind == "argument"}
    asked = (d for d in found.asked if d.name.removeprefix("--build-arg ") not in arguments)
    if told := [str(d) for d in asked]:
        yield f"asked for: {_listed(told)}"
    if told := list(_told_once(found, names)):
        yield f"changed: {_listed(told)}"
    steps = {
        (f"ENV {d.name}" if d.kind == "environment" else d.name, d.before, d.after)
        for c in found.changes
        for d in c.differences
        if d.kind in ("environment", "setting")
    }
    if told := [str(d) for d in found.image if (d.name, d.before, d.after) not in steps]:
        yield f"of the image: {_listed(told)}"


def _told_once(found: Comparison, names: Names) -> Iterator[str]:
    """Each change with the first step that has it: a variable is seen by all that follow."""
    seen: set[Difference] = set()
    for change in found.changes:
        new = [d for d in change.differences if d not in seen]
        seen.update(
            d for d in new if d.kind in ("argument", "environment", "setting", "base", "fetched")
        )
        if new:
            what = ", ".join(str(d) for d in new)
            yield what if new[0].kind == "base" else f"{names[id(change)]} ({what})"


def _states(found: Comparison, names: Names) -> Iterator[str]:
    timed = {id(c) for c in deciding(found)[:_NAMED]}
    told = [
        f"{names[id(c)]} ({' → '.join(how_it_ended(s) for s in (c.a, c.b) if s)})"
        for c in found.changed
        if c.in_both and id(c) not in timed
    ]
    if told:
        number = "1 step" if len(told) == 1 else f"{len(told)} steps"
        yield f"{number} changed state: {_listed(told)}"


def _names(found: Comparison) -> Names:
    """Of each change, by its id: what its step is about; where two are called alike, which one."""
    names = {id(c): _short(core(words(step))) for c in found.changes if (step := c.b or c.a)}
    often = Counter(names.values())
    return {
        id(c): f"{name} [{c.key}]" if often[name := names[id(c)]] > 1 else name
        for c in found.changes
    }


def _short(text: str, longest: int = _LONGEST) -> str:
    text = " ".join(text.split())
    if len(text) <= longest:
        return text
    head = text[:longest].rpartition(" ")[0]
    keyword, _, rest = text.partition(" ")
    # One long word, an image's name: its end tells more.
    return f"{head} …" if " " in head else f"{keyword} …{rest[-longest + len(keyword) :]}"


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
