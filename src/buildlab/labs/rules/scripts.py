"""Rules of a build script: whether what changed arrives, and what it costs where nothing did."""

from __future__ import annotations

from fnmatch import fnmatch

from buildlab.labs.model import Fact
from buildlab.labs.rules.declared import Seen, rule
from buildlab.labs.scripted import pipeline
from buildlab.labs.trial import Trial, Ungradable
from buildlab.record.phrases import count, short_instruction
from buildlab.record.steps import State


@rule
def arrives(trial: Trial, *, script: str, edits: tuple[str, ...]) -> Seen:
    """After each of these edits, the build that the script asks for ships the edit's new words.

    Facts: `missed` (edits of which old bytes were shipped), `first` (one of them), `edits`.
    """
    made = pipeline(trial, script)
    missed = []
    for edit in edits:
        shipped = made.after(edit)
        if not shipped.words:
            raise Ungradable(f"{edit} brings no word that could be looked for", "see its lab.toml")
        if not shipped.arrived:
            missed.append(edit)
    facts: dict[str, Fact] = {
        "missed": len(missed),
        "first": missed[0] if missed else "",
        "edits": len(edits),
    }
    if missed:
        return Seen(False, f"old bytes were shipped after: {', '.join(missed)}", facts)
    return Seen(True, f"after {count(len(edits), 'edit')}, the new bytes were shipped", facts)


@rule
def unchanged_is_cached(trial: Trial, *, script: str) -> Seen:
    """Where nothing changed since the run before, every step of the script's build is cached.

    Facts: `ran` (steps that ran), `step` (the first one's keyword).
    """
    made = pipeline(trial, script)
    made.run(title="before a run of no change")
    record = made.run(title="no change").record
    ran = [s for s in record.work if s.cacheable and s.state is not State.CACHED]
    facts: dict[str, Fact] = {"ran": len(ran), "step": ran[0].keyword if ran else ""}
    if ran:
        what = short_instruction(ran[0].instruction, 50)
        return Seen(False, f"nothing had changed, and {ran[0].place} ran: {what}", facts)
    return Seen(True, "nothing had changed, and every step was cached", facts)


@rule
def script_keeps_mounts(trial: Trial, *, script: str, edit: str, packages: tuple[str, ...]) -> Seen:
    """After this edit the script's build compiles these packages only: its cache mount is as the
    run before left it. A script that asks docker to prune is not followed, and fails.

    Facts: `pruned`, `compiled`, `first` (one that is too many).
    """
    shipped = pipeline(trial, script).after(edit)
    pruned = [words for words in shipped.others if "prune" in words.split()]
    extra = [p for p in shipped.told.packages if not any(fnmatch(p, a) for a in packages)]
    facts: dict[str, Fact] = {
        "pruned": bool(pruned),
        "compiled": len(shipped.told.packages),
        "first": extra[0] if extra else "",
    }
    if pruned:
        return Seen(False, f"docker {pruned[0]}: empties what all builds have here", facts)
    if extra:
        what = f"{count(len(shipped.told.packages), 'package')} compiled, {extra[0]} among them"
        return Seen(False, f"after {edit}, {what}", facts)
    if not shipped.told.packages:
        return Seen(False, f"after {edit}, nothing was compiled: it doesn't arrive", facts)
    return Seen(True, f"after {edit}, compiled: {', '.join(shipped.told.packages)}", facts)
