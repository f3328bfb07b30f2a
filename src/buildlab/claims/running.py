"""Run the experiments that claims name, each once, and judge the claims."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from buildlab.bench import evidence
from buildlab.bench.runs import Runs
from buildlab.builds.unwatched import unwatched
from buildlab.claims.catalogue import find
from buildlab.claims.judging import facts_of, judge
from buildlab.claims.model import Claim, Judged, Verdict
from buildlab.claims.reading import read, select
from buildlab.errors import BuildlabError
from buildlab.record.recorded import where_recorded

Progress = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Ledger:
    """Judged claims, in the order of their files."""

    judged: tuple[Judged, ...]

    def __getitem__(self, reference: str) -> Judged:
        """The claim of that id, or whose id starts so. Raises UsageError for none."""
        wanted = select([j.claim for j in self.judged], [reference])[0]
        return next(j for j in self.judged if j.claim is wanted)

    def of(self, *names: str) -> Ledger:
        """The claims that are named, as in `buildlab claims run`; those of a folder, for one."""
        ids = {c.id for c in select([j.claim for j in self.judged], names)}
        return Ledger(tuple(j for j in self.judged if j.claim.id in ids))

    def with_verdict(self, verdict: str) -> Ledger:
        """The claims with this verdict."""
        return Ledger(tuple(j for j in self.judged if j.verdict == verdict))

    def __str__(self) -> str:
        told = ", ".join(f"{number} {verdict}" for verdict, number in self.totals.items())
        return f"{len(self.judged)} claims: {told}"

    @property
    def rows(self) -> tuple[dict[str, str], ...]:
        """A table: claim, what it says, verdict, evidence, what is correct."""
        return tuple(j.row() for j in self.judged)

    @property
    def totals(self) -> dict[str, int]:
        """How many claims got each verdict."""
        found = [j.verdict.value for j in self.judged]
        return {v.value: found.count(v.value) for v in Verdict if v.value in found}

    @property
    def counts(self) -> tuple[dict[str, str | int], ...]:
        """How many claims of each folder got each verdict; those that none got are left out."""
        found: dict[tuple[str, str], int] = {}
        for group in dict.fromkeys(j.claim.group for j in self.judged):
            for verdict in Verdict:
                number = sum(j.claim.group == group and j.verdict is verdict for j in self.judged)
                if number:
                    found[group, verdict.value] = number
        return tuple(
            {"source": group, "verdict": verdict, "claims": number}
            for (group, verdict), number in found.items()
        )

    @property
    def cells(self) -> set[tuple[str, str]]:
        """What each claim says, with its verdict: the answers to a table of predictions."""
        return {(j.claim.says, j.verdict.value) for j in self.judged}

    @property
    def verdicts(self) -> tuple[dict[str, str], ...]:
        """Facts only: each claim and its verdict."""
        return tuple({"claim": j.claim.id, "verdict": j.verdict.value} for j in self.judged)

    @property
    def recorded(self) -> str:
        """Where and when the builds were recorded; "" where they were made here."""
        return where_recorded(self.judged)

    @property
    def complete(self) -> bool:
        """Whether every claim got a verdict."""
        return all(j.verdict is not Verdict.NOT_MEASURED for j in self.judged)


def run(*names: str, fresh: bool = False, progress: Progress | None = None) -> Ledger:
    """Judge the claims that are named, or all: `Ledger`. Raises UsageError for a bad file."""
    claims = select(read(), names)
    judged = {
        j.claim.id: j for group in judging(claims, fresh=fresh, progress=progress) for j in group
    }
    return Ledger(tuple(judged[c.id] for c in claims))


def known(claim: Claim) -> Judged | None:
    """The claim judged by what is kept of its experiment, None where nothing is. Runs nothing."""
    if not claim.experiment:
        return None
    kept = evidence.find(find(claim.experiment), **dict(claim.arguments or {}))
    return None if kept is None else _with_origin(judge(claim, facts_of(kept.value)), kept)


def judging(
    claims: Sequence[Claim], *, fresh: bool = False, progress: Progress | None = None
) -> Iterator[tuple[Judged, ...]]:
    """Judge claims, one experiment after the other: yields the claims that each one settles.

    An experiment that fails makes its claims not measured; the others go on.
    """
    groups: dict[str, list[Claim]] = {}
    for claim in claims:
        groups.setdefault(claim.call, []).append(claim)
    yield tuple(Judged(c, Verdict.NOT_TESTABLE) for c in groups.pop("", []))
    for number, (call, group) in enumerate(groups.items(), start=1):
        if progress is not None:
            progress(f"{number} of {len(groups)}: {call}, for {len(group)} claims")
        yield _measured(group, fresh)


def _measured(group: Sequence[Claim], fresh: bool) -> tuple[Judged, ...]:
    first = group[0]
    try:
        with unwatched():  # a table comes of it, not a hundred builds to look at
            kept = evidence.measure(
                find(first.experiment), fresh=fresh, **(dict(first.arguments or {}))
            )
        facts = facts_of(kept.value)
    except Exception as fault:
        why = str(fault) if isinstance(fault, BuildlabError) else f"{type(fault).__name__}: {fault}"
        return tuple(Judged(c, Verdict.NOT_MEASURED, error=why) for c in group)
    return tuple(_with_origin(judge(claim, facts), kept) for claim in group)


def _with_origin(judged: Judged, kept: evidence.Kept[Runs]) -> Judged:
    """The verdict with when and on what its evidence was measured."""
    records = kept.value.records.values()
    return replace(
        judged,
        measured_at=kept.measured_at,
        engine=next((r.engine for r in records), kept.engine),
        reused=kept.reused,
        recorded=kept.value.recorded,
    )
