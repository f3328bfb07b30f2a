"""Rules of cache mounts: what a step that runs again finds there."""

from __future__ import annotations

from buildlab.labs.model import Fact
from buildlab.labs.rules.declared import Seen, rule
from buildlab.labs.trial import Trial, Ungradable
from buildlab.record.phrases import count


@rule
def still_warm(trial: Trial, *, edit: str) -> Seen:
    """After an edit that makes steps run again and changes nothing for Go, nothing is fetched or
    compiled.

    Facts: `fetched`, `compiled`, `first` (what came first, of either).
    """
    compiling, downloading = trial.doing("compile"), trial.doing("download")
    made = trial.built(edit)
    if not made.ran(compiling):
        raise Ungradable(
            f"after {edit}, no step that compiles ran again, to show what it would find",
            "let the step that compiles have all of go.mod among its inputs",
        )
    told = made.told_by(compiling | downloading)
    first = next(iter((*told.fetched, *told.packages)), "")
    facts: dict[str, Fact] = {
        "fetched": len(told.fetched),
        "compiled": len(told.packages),
        "first": first,
    }
    if first:
        what = f"{count(len(told.fetched), 'module')} fetched"
        what = f"{what} and {count(len(told.packages), 'package')} compiled, {first} first"
        return Seen(False, f"after {edit}, {what}", facts)
    return Seen(True, f"after {edit}, the steps ran again and found all they needed", facts)
