"""A room's progress: files that learners handed in, put together for the facilitator."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from buildlab.labs import progress
from buildlab.labs.model import Lab
from buildlab.labs.progress import LabProgress, Progress


@dataclass(frozen=True, slots=True)
class Room:
    """All learners' progress, one entry a learner; one without a name is "learner N"."""

    labs: tuple[Lab, ...]
    learners: dict[str, Progress]

    head = ("lab", "begun", "passed", "checks", "hints", "minutes")

    def of(self, lab: Lab) -> tuple[LabProgress, ...]:
        """Of those who have begun this lab."""
        found = (p.of(lab.name) for p in self.learners.values())
        return tuple(p for p in found if p.state != "not begun")

    def rows(self) -> Iterator[tuple[str, ...]]:
        """One a lab that somebody has begun: how many began and passed; medians of the rest."""
        for lab in self.labs:
            known = self.of(lab)
            if known:
                passed = [p for p in known if p.passed]
                yield (
                    lab.title,
                    str(len(known)),
                    str(len(passed)),
                    _median([p.checks for p in known]),
                    _median([p.hints for p in known]),
                    _median([p.minutes for p in passed if p.minutes is not None]),
                )

    def to_data(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "learners": len(self.learners),
            "labs": [dict(zip(self.head, row, strict=True)) for row in self.rows()],
            "passed": {
                name: [lab.name for lab in self.labs if known.of(lab.name).passed]
                for name, known in self.learners.items()
            },
        }

    def __str__(self) -> str:
        counts = [
            sum(bool(k.of(lab.name).passed) for lab in self.labs) for k in self.learners.values()
        ]
        return (
            f"{len(self.learners)} learners; labs passed: median {_median(counts)}, "
            f"{min(counts, default=0)} to {max(counts, default=0)}. Figures are medians."
        )


def merged(labs: Sequence[Lab], files: Sequence[Path]) -> Room:
    """The room of these files. Raises RecordError for one that is no progress file."""
    learners: dict[str, Progress] = {}
    for path in files:
        found = progress.read_file(path)
        name = found.learner or f"learner {len(learners) + 1}"
        while name in learners:
            name = f"{name}, again"
        learners[name] = found
    return Room(tuple(labs), learners)


def _median(numbers: Sequence[float]) -> str:
    return f"{median(numbers):g}" if numbers else ""
