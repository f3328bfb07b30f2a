"""Rules of the build cache and of cache mounts: what runs, compiles and downloads after an edit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatch

from buildlab.labs.model import Fact
from buildlab.labs.rules.declared import Seen, rule
from buildlab.labs.trial import Trial, Work
from buildlab.record.phrases import count, format_bytes, short_instruction
from buildlab.record.steps import Step

_NAMED = 4


@rule
def stays_cached(
    trial: Trial, *, work: tuple[Work, ...], edits: tuple[str, ...], target: str = ""
) -> Seen:
    """After each of these edits, no step of this target that does this work runs again.

    The edits are made together; where a step runs, one by one, to say which it was. Facts: `ran
    again` (how many edits made one run), `edit` (the first), `step` (what ran), `none` where the
    answer has no step that does the work.
    """
    has = {s.key for s in trial.built(target=target).record.work}
    keys = frozenset(key for one in work for key in trial.doing(one, target) if key in has)
    if not keys:
        return Seen(False, f"no step does this: {', '.join(work)}", {"none": True, "ran again": 0})
    steps = trial.built(*edits, target=target).ran(keys)
    if not steps:
        told = count(len(edits), "edit")
        return Seen(True, f"after {told}, nothing of it ran again", {"none": False, "ran again": 0})
    guilty = {name: ran for name in edits if (ran := trial.built(name, target=target).ran(keys))}
    first = next(iter(guilty), edits[0])
    ran = guilty.get(first, steps)
    facts: dict[str, Fact] = {
        "none": False,
        "ran again": len(guilty) or len(edits),
        "edit": first,
        "step": ran[0].keyword,
    }
    return Seen(False, f"after {_listed(guilty or edits)}, {_steps(ran)} ran again", facts)


@rule
def compiles_only(
    trial: Trial, *, edit: str, packages: tuple[str, ...], at_least: int = 1, target: str = ""
) -> Seen:
    """After this edit no package is compiled but these (patterns; a command is "main in FOLDER").

    With no packages nothing may be compiled at all; else at least some must be, as the edit has
    to arrive. Facts: `compiled`, `too many`, `first` (one that is too many), `before` (what a
    build from nothing compiles).
    """
    trial.doing("compile", target)
    before = trial.built(target=target).told
    told = trial.built(edit, target=target).told
    extra = [p for p in told.packages if not fits(p, packages)]
    facts: dict[str, Fact] = {
        "compiled": len(told.packages),
        "too many": len(extra),
        "first": extra[0] if extra else "",
        "before": len(before.packages),
    }
    if extra:
        text = f"after {edit}, {count(len(told.packages), 'package')} compiled, {_listed(extra)}"
        return Seen(False, f"{text} among them", facts)
    if packages and len(told.packages) < at_least:
        return Seen(False, f"after {edit}, nothing was compiled: the edit doesn't arrive", facts)
    what = _listed(told.packages) or "nothing"
    return Seen(True, f"after {edit}, compiled: {what}", facts)


@rule
def fetches(
    trial: Trial,
    *,
    edit: str = "",
    modules: tuple[str, ...] = (),
    at_least: int = 0,
    by: tuple[Work, ...] = (),
) -> Seen:
    """In the build after this edit ("": the first build) no module is fetched but these (patterns
    of path@version), and at least so many.

    With `by`, only what steps that do this work fetch counts. Facts: `fetched`, `too many`,
    `first`, `before` (what the first build fetches).
    """
    trial.doing("compile")
    built = trial.built(*([edit] if edit else []))
    told = built.told
    if by:
        told = built.told_by(frozenset(key for one in by for key in trial.doing(one)))
    extra = [m for m in told.fetched if not fits(m, modules)]
    facts: dict[str, Fact] = {
        "fetched": len(told.fetched),
        "too many": len(extra),
        "first": extra[0] if extra else "",
        "before": len(trial.built().told.fetched),
    }
    when = f"after {edit}" if edit else "in the first build"
    where = f" by the step that does {' and '.join(by)}" if by else ""
    if extra:
        return Seen(False, f"{when}, fetched{where}: {_listed(extra)}", facts)
    if len(told.fetched) < at_least:
        return Seen(False, f"{when}, nothing was fetched{where}", facts)
    return Seen(True, f"{when}, fetched{where}: {_listed(told.fetched) or 'nothing'}", facts)


@rule
def context_under(trial: Trial, *, size_bytes: int) -> Seen:
    """The first build sends less context than that. Facts: `context_bytes`."""
    sent = trial.built().record.context_bytes
    text = f"{format_bytes(sent)} of context sent, at most {format_bytes(size_bytes)} asked for"
    return Seen(sent <= size_bytes, text, {"context_bytes": sent})


def fits(name: str, patterns: Iterable[str]) -> bool:
    """Whether a name has one of these patterns."""
    return any(fnmatch(name, pattern) for pattern in patterns)


def _listed(names: Iterable[str]) -> str:
    every = list(names)
    more = len(every) - _NAMED
    return ", ".join(every[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _steps(steps: Sequence[Step]) -> str:
    return _listed(f"{s.place} ({short_instruction(s.instruction, 50)})" for s in steps)
