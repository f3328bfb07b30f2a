"""What a check finds, in words that go to the table and to JSON alike."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from buildlab.engine.model import Engine
from buildlab.errors import BuildlabError


class Result(StrEnum):
    """How a check ended. A warning does not stop the course; a fault stops part of it."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """One row: what was tried, what came of it, and one line to repair it."""

    check: str
    result: Result
    detail: str
    remedy: str = ""
    duration_s: float = 0.0


@dataclass(frozen=True, slots=True, repr=False)
class Report:
    """All rows, in the order they were tried."""

    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """No fault; warnings are allowed."""
        return all(f.result is not Result.FAULT for f in self.findings)

    @property
    def summary(self) -> str:
        """One sentence from the rows."""
        count = {r: sum(f.result is r for f in self.findings) for r in Result}
        said = [f"{n} {_words(r, n)}" for r, n in count.items() if n]
        return ", ".join(said) + "."

    def __repr__(self) -> str:
        return self.summary

    def to_dict(self) -> dict[str, Any]:
        """For `--json`: stable keys, durations in seconds."""
        return {"ok": self.ok, "findings": [asdict(f) for f in self.findings]}


@dataclass(slots=True)
class Bench:
    """What the checks share: a folder for their files, and the engine once it is known."""

    folder: Path
    engine: Engine | None = None

    def require_engine(self) -> Engine:
        if self.engine is None:
            raise Skip("no engine")
        return self.engine


class Skip(Exception):
    """A check has nothing to check; the message says why."""


class Fault(BuildlabError):
    """What a check expected did not happen. The hint is the remedy."""


Outcome = tuple[Result, str, str]
Check = Callable[[Bench], Outcome]


def well(detail: str) -> Outcome:
    return Result.OK, detail, ""


def warning(detail: str, remedy: str) -> Outcome:
    return Result.WARNING, detail, remedy


def credentials(env: Mapping[str, str]) -> tuple[str, ...]:
    """User names with passwords, and passwords alone, in the URLs that variables hold."""
    found: list[str] = []
    for name, value in env.items():
        if name.upper().endswith(("PROXY", "_URL")):
            for pair in re.findall(r"([^/@\s,|]+)@", value):
                found += [pair, pair.partition(":")[2]]
    return tuple(dict.fromkeys(f for f in found if f))


def _words(result: Result, count: int) -> str:
    return {
        Result.OK: "checks passed" if count > 1 else "check passed",
        Result.WARNING: "warnings" if count > 1 else "warning",
        Result.FAULT: "faults" if count > 1 else "fault",
        Result.SKIPPED: "skipped",
    }[result]
