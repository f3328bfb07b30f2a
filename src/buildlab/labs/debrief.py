"""What is said after a lab was passed: the figures beside the solution's, and what comes next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from buildlab import loading
from buildlab.errors import RecordError
from buildlab.labs.model import Lab, Report
from buildlab.record.engineinfo import EngineInfo
from buildlab.record.recorded import where_recorded
from buildlab.record.steps import State

MEASURED = "measured.json"


@dataclass(frozen=True, slots=True)
class BuildFigures:
    """One build of a check: seconds that it took, steps that ran, of how many."""

    wall_s: float
    ran: int
    steps: int


@dataclass(frozen=True, slots=True)
class Figures:
    """What a check measured of an answer that passes: builds by title, and what was seen, by rule.
    `where`: engine and day, for figures that are shown on another machine."""

    builds: Mapping[str, BuildFigures] = field(default_factory=dict)
    seen: Mapping[str, str] = field(default_factory=dict)
    where: str = ""

    @classmethod
    def of(cls, report: Report) -> Figures:
        """Of a report."""
        builds = {}
        for title, record in report.records.items():
            states = list(record.states().values())
            ran = sum(s is not State.CACHED for s in states)
            builds[title] = BuildFigures(round(record.wall_s, 3), ran, len(states))
        info = next((r.engine for r in report.records.values()), EngineInfo("no engine"))
        day = datetime.now(UTC).date().isoformat()
        where = f"recorded on {day}: {info.called} {info.engine_version}".strip()
        return cls(
            builds,
            {v.id: v.seen for v in report.verdicts},
            where_recorded(report.records.values()) or where,
        )


@dataclass(frozen=True, slots=True)
class Row:
    """One rule: what was hoped for, what was seen of the learner's answer and of the solution."""

    says: str
    yours: str
    solutions: str


@dataclass(frozen=True, slots=True)
class Debrief:
    """After passing. `yours` is None where nothing is graded: in replay."""

    lab: Lab
    yours: Figures | None
    solution: Figures
    next: Lab | None
    recorded: str = ""
    """Where and when the solution's figures were measured, unless here and now."""

    @property
    def rows(self) -> tuple[Row, ...]:
        mine = self.yours.seen if self.yours else {}
        return tuple(
            Row(rule.says, mine.get(rule.id, ""), self.solution.seen.get(rule.id, ""))
            for rule in self.lab.rules
        )

    @property
    def shared(self) -> tuple[str, ...]:
        """Builds that both made, in the order of the learner's."""
        mine = self.yours.builds if self.yours else self.solution.builds
        return tuple(t for t in mine if t in self.solution.builds)

    def __str__(self) -> str:
        """One sentence made from the figures."""
        if self.yours is None or not self.shared:
            return f"{self.lab.title}: the solution's builds are shown."
        mine = sum(self.yours.builds[t].ran for t in self.shared)
        theirs = sum(self.solution.builds[t].ran for t in self.shared)
        return (
            f"{self.lab.title}: over {len(self.shared)} builds {mine} steps of yours ran, and "
            f"{theirs} of the solution's."
        )

    __repr__ = __str__


def kept(lab: Lab) -> Figures:
    """The solution's figures as they came with the kit. Raises RecordError where there are none."""
    path = lab.path / MEASURED
    with loading.needed(
        f"{lab.name} has no figures of its solution",
        f"buildlab labs check {lab.slug} --solution --keep",
        RecordError,
    ):
        return loading.from_file(Figures, path)


def path_of(lab: Lab) -> Path:
    """Where the kit keeps them."""
    return lab.path / MEASURED
