"""What a claim is, and what judging it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from buildlab.bench.conditions import Condition
from buildlab.record.engineinfo import EngineInfo


class Verdict(StrEnum):
    """What testing said. NOT_MEASURED is no verdict on the claim: its experiment failed."""

    HOLDS = "holds"
    HOLDS_IF = "holds if"
    FAILS = "fails"
    NOT_TESTABLE = "not testable here"
    NOT_MEASURED = "not measured"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a claim was published; `date` is when, as far as is known."""

    title: str
    url: str
    kind: str
    author: str = ""
    date: str = ""


@dataclass(frozen=True, slots=True)
class Proviso:
    """A claim that doesn't hold as it stands holds under `condition` when all of `when` is true."""

    condition: str
    when: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence that can be tested, in our words, and what settles it.

    `id` is the file's place below claims/, without its ending. `expected` is the verdict that
    was seen when the file was written: it decides nothing.
    """

    id: str
    path: Path
    source: Source
    where: str
    says: str
    correct: str
    expected: Verdict
    experiment: str = ""
    arguments: Mapping[str, Any] | None = None
    holds: tuple[Condition, ...] = ()
    holds_if: tuple[Proviso, ...] = ()
    untestable: str = ""

    @property
    def group(self) -> str:
        """The first part of the id: the folder."""
        return self.id.partition("/")[0]

    @property
    def call(self) -> str:
        """The experiment with its arguments, as it is called."""
        told = ", ".join(f"{k}={v!r}" for k, v in (self.arguments or {}).items())
        return f"{self.experiment}({told})" if self.experiment else ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A condition as it was looked at: the fact's name, its value, whether it was true."""

    condition: str
    value: str
    true: bool

    def __str__(self) -> str:
        return f"{self.condition} = {self.value}"


@dataclass(frozen=True, slots=True)
class Judged:
    """A claim with the verdict that its measurement gave, and what it rests on.

    `measured_at` is UTC, ISO 8601; `recorded` says so where a recording was read instead.
    """

    claim: Claim
    verdict: Verdict
    condition: str = ""
    evidence: tuple[Evidence, ...] = ()
    measured_at: str = ""
    engine: EngineInfo | None = None
    reused: bool = False
    recorded: str = ""
    error: str = ""

    @property
    def differs(self) -> bool:
        """Whether a measured verdict is another one than was seen when the claim was written."""
        return self.verdict not in (self.claim.expected, Verdict.NOT_MEASURED)

    @property
    def verdict_text(self) -> str:
        """The verdict, with its condition or its reason."""
        if self.verdict is Verdict.HOLDS_IF:
            return f"{self.verdict} {self.condition}"
        return f"{self.verdict}: {self.error}" if self.error else str(self.verdict)

    @property
    def evidence_text(self) -> str:
        """The facts that decided, or why nothing could be measured."""
        if self.verdict is Verdict.NOT_TESTABLE:
            return self.claim.untestable
        return "; ".join(map(str, self.evidence))

    def row(self) -> dict[str, str]:
        """One row of the ledger's table."""
        return {
            "claim": self.claim.id,
            "says": self.claim.says,
            "verdict": self.verdict_text + (f" ({FLAG})" if self.differs else ""),
            "evidence": self.evidence_text,
            "correct": self.claim.correct,
        }

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        claim = self.claim
        return {
            "id": claim.id,
            "source": {"title": claim.source.title, "url": claim.source.url, "where": claim.where},
            "says": claim.says,
            "correct": claim.correct,
            "experiment": claim.call,
            "verdict": self.verdict.value,
            "condition": self.condition,
            "expected": claim.expected.value,
            "differs": self.differs,
            "untestable": claim.untestable,
            "evidence": [
                {"condition": e.condition, "value": e.value, "true": e.true} for e in self.evidence
            ],
            "error": self.error,
            "measured_at": self.measured_at,
            "reused": self.reused,
            "recorded": self.recorded,
            "engine": self.engine.engine_version if self.engine else "",
            "buildkit": self.engine.buildkit_version if self.engine else "",
            "buildx": self.engine.buildx_version if self.engine else "",
        }


FLAG = "differs from what was seen"
