"""What an experiment returns: its builds by name, and the facts that a lesson states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from buildlab import store
from buildlab.matrix import Matrix
from buildlab.record import BuildRecord

Fact = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Runs:
    """Builds of one experiment in the order they were made, and facts read off them.

    `matrix` is there where the experiment crosses edits with steps. A fact with a unit names
    it (`context_bytes`, `wall_s`).
    """

    records: Mapping[str, BuildRecord]
    facts: Mapping[str, Fact] = field(default_factory=dict)
    matrix: Matrix | None = None

    def __getitem__(self, name: str) -> BuildRecord:
        return self.records[name]

    @property
    def recorded(self) -> str:
        """Where and when the builds were recorded; "" where they were made here."""
        return next((r.recorded for r in self.records.values() if r.recorded), "")

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; the matrix is derived again on load, so it is not stored."""
        return {
            "records": {name: store.to_dict(r) for name, r in self.records.items()},
            "facts": dict(self.facts),
            "baseline": next(iter(self.records), "") if self.matrix else "",
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Runs:
        """The inverse of `to_dict`. Raises RecordError on records of a newer schema."""
        records = {name: store.from_dict(r) for name, r in data["records"].items()}
        if not data["baseline"]:
            return cls(records, data["facts"])
        return crossed(records, data["facts"])


def crossed(records: Mapping[str, BuildRecord], facts: Mapping[str, Fact] | None = None) -> Runs:
    """Runs with the matrix of every edit against the first record, which is the baseline."""
    names = list(records)
    matrix = Matrix.from_records(records[names[0]], {n: records[n] for n in names[1:]})
    return Runs(records, facts or {}, matrix)
