"""Rules of two builds on one engine: who waits, who shares what, who runs as whom."""

from __future__ import annotations

from fnmatch import fnmatch

from buildlab.labs.model import Fact
from buildlab.labs.rules.declared import Seen, rule
from buildlab.labs.toolchain import EMPTY, PAUSE, Told
from buildlab.labs.trial import Built, Trial, Ungradable
from buildlab.record.phrases import count, format_s
from buildlab.record.steps import Step, StepKey

PAUSE_S = 3


@rule
def at_once(trial: Trial, *, targets: tuple[str, str], edits: tuple[str, ...]) -> Seen:
    """The steps that link two targets are at work at the same time, in one build of both.

    Each is made to pause before it compiles, so that only waiting for each other parts them.
    Facts: `together` (whether one step links both), `waited` (whether one began after the other).
    """
    one, other = (_linking(trial, target) for target in targets)
    if one & other:
        facts: dict[str, Fact] = {"together": True, "waited": False}
        return Seen(False, f"one step links both {targets[0]} and {targets[1]}", facts)
    made = trial.built(*edits, flags=(PAUSE.format(PAUSE_S),))
    first, second = sorted((_at_work(made, one), _at_work(made, other)))
    for begun, ended in (first, second):
        if ended - begun < PAUSE_S:
            raise Ungradable(
                f"a step that links was at work for {format_s(ended - begun)} only, though "
                f"it was made to pause for {PAUSE_S} s",
                "let `go build` or `go install` make the program",
            )
    waited = second[0] >= first[1]
    facts = {"together": False, "waited": waited}
    if waited:
        gap = format_s(second[0] - first[0])
        return Seen(False, f"the second one began {gap} later, when the first had ended", facts)
    return Seen(True, f"{targets[0]} and {targets[1]} were at work at the same time", facts)


@rule
def kept_apart(
    trial: Trial, *, fault: str, emptied: str, edit: str, target: str, packages: tuple[str, ...]
) -> Seen:
    """When the target `emptied` empties its compiler cache, an edit in the other target still
    compiles these packages only.

    Facts: `warm` (whether the edit compiles only these before that), `compiled` (how many after
    it), `first` (one that is too many).
    """
    trial.doing("compile", target)
    before = _beside(trial.built(edit, target=target).told, packages)
    facts: dict[str, Fact] = {"warm": not before, "compiled": 0, "first": ""}
    if before:
        text = f"after {edit}, {before[0]} is compiled, with nobody else at work"
        return Seen(False, text, {**facts, "first": before[0]})
    made = trial.built(fault, target=emptied, flags=(EMPTY,)).told
    if not made.emptied:
        raise Ungradable(
            f"the compiler cache of {emptied} could not be emptied",
            f"let the step that compiles {emptied} run again when its source changes",
        )
    told = trial.again(edit, target=target).told
    extra = _beside(told, packages)
    facts |= {"compiled": len(told.packages), "first": extra[0] if extra else ""}
    if extra:
        text = f"{emptied} emptied its compiler cache, and after {edit} "
        return Seen(False, f"{text}{count(len(told.packages), 'package')} compiled", facts)
    if not told.packages:
        return Seen(False, f"after {edit}, nothing was compiled: it doesn't arrive", facts)
    text = f"{emptied} emptied its compiler cache, {target} still found its own"
    return Seen(True, text, facts)


@rule
def fetched_once(trial: Trial) -> Seen:
    """In the first build of all, no module is fetched twice, and one is at all.

    A module that arrives in a place where two steps look is fetched once. Facts: `fetched`
    (modules), `twice` (those fetched more than once), `first` (one of them).
    """
    trial.doing("compile")
    told = trial.built().told
    files: dict[str, set[str]] = {}
    for module, file in zip(told.fetched, told.files, strict=False):
        files.setdefault(module, set()).add(file)
    twice = [module for module, found in files.items() if len(found) > 1]
    facts: dict[str, Fact] = {
        "fetched": len(files),
        "twice": len(twice),
        "first": twice[0] if twice else "",
    }
    if not files:
        return Seen(False, "no module was fetched at all", facts)
    if twice:
        return Seen(False, f"fetched more than once: {', '.join(twice)}", facts)
    return Seen(True, f"{count(len(files), 'module')} fetched, each once", facts)


@rule
def compiles_as_non_root(trial: Trial) -> Seen:
    """No step that compiles runs as root. Facts: `root` (steps that do), `users`."""
    steps = [s for s in trial.built().record.work if s.key in trial.doing("compile")]
    users = {s.place: Told.by([s]).users for s in steps}
    root = [place for place, found in users.items() if "0" in found]
    every = sorted({user for found in users.values() for user in found})
    if not every:
        raise Ungradable("no step said who compiles", "let the step print what it prints")
    facts: dict[str, Fact] = {"root": len(root), "users": ", ".join(every)}
    if root:
        return Seen(False, f"{', '.join(root)} compiled as root", facts)
    return Seen(True, f"compiled as user {', '.join(every)}", facts)


def _linking(trial: Trial, target: str) -> frozenset[StepKey]:
    has = {s.key for s in trial.built(target=target).record.work}
    return frozenset(key for key in trial.doing("link", target) if key in has)


def _at_work(made: Built, keys: frozenset[StepKey]) -> tuple[float, float]:
    """From when its first go command began to its end: a wait for a mount comes before that."""
    steps: list[Step] = [s for s in made.ran(keys) if "buildlab: ran go" in s.output]
    if not steps:
        raise Ungradable("an edited target was not linked anew", "let its source be an input of it")
    begun = min(line.at_s for s in steps for line in s.logs if "buildlab: ran go" in line.text)
    return begun, max(s.end_s or 0.0 for s in steps)


def _beside(told: Told, packages: tuple[str, ...]) -> list[str]:
    return [p for p in told.packages if not any(fnmatch(p, pattern) for pattern in packages)]
