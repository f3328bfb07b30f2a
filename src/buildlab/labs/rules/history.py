"""Rules of a project's history: what each kind of commit costs, times how often it comes.

What a commit costs is counted: packages compiled, modules fetched. The lab as it was given is built
beside the answer, with the same kinds of commits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from buildlab.errors import UsageError
from buildlab.labs.model import Fact
from buildlab.labs.rules.answers import read_answer
from buildlab.labs.rules.declared import Seen, rule
from buildlab.labs.trial import Trial, Ungradable
from buildlab.record.phrases import count
from buildlab.record.steps import State

History = dict[str, int]


@dataclass(frozen=True, slots=True)
class Cost:
    """What one commit of a kind made a build do."""

    compiled: int
    fetched: int
    ran: int

    @property
    def work(self) -> int:
        return self.compiled + self.fetched

    def dearer_than(self, before: Cost) -> bool:
        """More is compiled or fetched; or steps run where none did."""
        more = self.compiled > before.compiled or self.fetched > before.fetched
        return more or (before.ran == 0 < self.ran)

    def __str__(self) -> str:
        return (
            f"{count(self.compiled, 'package')} compiled, {count(self.fetched, 'module')} fetched"
            f", {count(self.ran, 'step')} run"
        )


@rule
def names_costliest(
    trial: Trial, *, name: str, history: History, path: str = "answers.toml"
) -> Seen:
    """The answer of that name is the kind of commit that has cost most over the history.

    Facts: `answered`, `right`.
    """
    try:
        answer = read_answer(trial, path, name)
    except UsageError as fault:
        return Seen(False, fault.message, {"answered": False, "right": False})
    if not answer:
        return Seen(False, f"{name} is not answered", {"answered": False, "right": False})
    costliest, told = _costliest(trial, history)
    right = answer == costliest
    text = f"measured, too: {told}" if right else f"{answer!r} is not what costs most in all"
    return Seen(right, text, {"answered": True, "right": right})


@rule
def costliest_cheaper(trial: Trial, *, history: History, share: float) -> Seen:
    """The kind of commit that has cost most as given compiles and fetches less than that share.

    Facts: `before`, `now` (packages and modules), `fetched` (modules of them, now).
    """
    trial.doing("compile")
    kind, _ = _costliest(trial, history)
    before, now = _cost(trial.as_given(), kind), _cost(trial, kind)
    facts: dict[str, Fact] = {"before": before.work, "now": now.work, "fetched": now.fetched}
    text = f"the commit that has cost most in all: as given {before}; now {now}"
    return Seen(now.work < before.work * share, text, facts)


@rule
def nothing_dearer(trial: Trial, *, history: History) -> Seen:
    """No kind of commit compiles or fetches more than as given, or runs steps where none ran.

    Facts: `dearer` (kinds), `edit` (the first), `total` and `total as given` over the history.
    """
    trial.doing("compile")
    before = {kind: _cost(trial.as_given(), kind) for kind in history}
    now = {kind: _cost(trial, kind) for kind in history}
    dearer = [kind for kind in history if now[kind].dearer_than(before[kind])]
    facts: dict[str, Fact] = {
        "dearer": len(dearer),
        "edit": dearer[0] if dearer else "",
        "total as given": _total(before, history),
        "total": _total(now, history),
    }
    if dearer:
        kind = dearer[0]
        return Seen(False, f"{kind}: as given {before[kind]}; now {now[kind]}", facts)
    total = f"{facts['total']} packages and modules, {facts['total as given']} as given"
    return Seen(True, f"no commit became dearer; over the history: {total}", facts)


def _costliest(trial: Trial, history: Mapping[str, int]) -> tuple[str, str]:
    """The kind that cost most as given, and that in words. Raises Ungradable where two did."""
    given = trial.as_given()
    totals = {kind: _cost(given, kind).work * times for kind, times in history.items()}
    first, second, *_ = sorted(totals, key=lambda kind: totals[kind], reverse=True)
    if totals[first] == totals[second]:
        raise Ungradable(f"{first} and {second} cost the same here", "report it: labs")
    one = _cost(given, first)
    return first, f"{first} costs most: {history[first]} times {one}"


def _cost(trial: Trial, kind: str) -> Cost:
    made = trial.built(kind)
    ran = [s for s in made.record.work if s.cacheable and s.state is not State.CACHED]
    return Cost(len(made.told.packages), len(made.told.fetched), len(ran))


def _total(costs: Mapping[str, Cost], history: Mapping[str, int]) -> int:
    return sum(costs[kind].work * times for kind, times in history.items())
