"""Rules of stages and targets: what a target needs, what is independent, what runs once."""

from __future__ import annotations

from buildlab.labs.model import Fact
from buildlab.labs.rules.declared import Seen, rule
from buildlab.labs.trial import Trial, Work, error_text
from buildlab.record.phrases import count, short_instruction


@rule
def leaves_out(
    trial: Trial, *, target: str, work: tuple[Work, ...], seen_in: tuple[str, ...]
) -> Seen:
    """A build of this target has no step that does this work, which these other targets do.

    Facts: `steps` (how many it has), `none` (true where the other targets don't do it either,
    so that leaving it out shows nothing).
    """
    keys = {key for other in seen_in for one in work for key in trial.doing(one, other)}
    if not keys:
        return Seen(
            False,
            f"no step does {' or '.join(work)}, not even in {', '.join(seen_in)}",
            {"steps": 0, "none": True},
        )
    has = [s for s in trial.built(target=target).record.work if s.key in keys]
    facts: dict[str, Fact] = {"steps": len(has), "none": False}
    if has:
        what = short_instruction(has[0].instruction, 50)
        return Seen(False, f"a build of {target} has {has[0].place}: {what}", facts)
    return Seen(True, f"a build of {target} has no step that does {' or '.join(work)}", facts)


@rule
def fails(trial: Trial, *, fault: str, target: str = "", flags: tuple[str, ...] = ()) -> Seen:
    """With this fault in the source a build of the target fails, and without it it doesn't.

    Facts: `built` (true where it builds all the same).
    """
    trial.built(target=target, flags=flags)
    made = trial.built(fault, target=target, flags=flags, fails=True)
    facts: dict[str, Fact] = {"built": made.record.ok}
    name = target or "the answer"
    if made.record.ok:
        return Seen(False, f"{name} builds although there is a fault: {fault}", facts)
    said = error_text(made.record).splitlines()[0]
    return Seen(True, f"{name} fails, as it should: {said}", facts)


@rule
def runs_once(trial: Trial, *, work: tuple[Work, ...], targets: tuple[str, ...]) -> Seen:
    """Over builds of all these targets, one after another, one step at most does this work.

    Facts: `steps`.
    """
    keys = {key for target in targets for one in work for key in trial.doing(one, target)}
    did = [
        key
        for target in targets
        for key in keys
        if trial.built(target=target).ran(frozenset({key}))
    ]
    facts: dict[str, Fact] = {"steps": len(did)}
    text = f"{count(len(did), 'step')} did {' and '.join(work)} for {', '.join(targets)}"
    return Seen(len(did) == 1, text, facts)


@rule
def independent(trial: Trial, *, targets: tuple[str, ...]) -> Seen:
    """None of these targets is built from another one: each has steps of its own that no other
    target needs.

    Facts: `dependent` (pairs), `first` (a target that needs another one), `needs` (that one).
    """
    steps = {
        t: {(s.key, s.instruction) for s in trial.built(target=t).record.work if s.cacheable}
        for t in targets
    }
    pairs = [
        (one, other)
        for one in targets
        for other in targets
        if one != other and steps[other] and steps[other] <= steps[one]
    ]
    facts: dict[str, Fact] = {
        "dependent": len(pairs),
        "first": pairs[0][0] if pairs else "",
        "needs": pairs[0][1] if pairs else "",
    }
    if pairs:
        return Seen(False, f"a build of {pairs[0][0]} does all that {pairs[0][1]} does", facts)
    return Seen(True, f"each of {', '.join(targets)} has steps that no other needs", facts)
