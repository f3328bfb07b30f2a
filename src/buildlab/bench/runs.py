"""What an experiment returns: its builds by name, and the facts that a lesson states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from buildlab.record import store
from buildlab.record.matrix import Matrix
from buildlab.record.model import BuildRecord
from buildlab.record.recorded import where_recorded

Fact = str | int | float | bool
Row = Mapping[str, Fact]


@dataclass(frozen=True, slots=True)
class Runs:
    """Builds of one experiment in the order they were made, and facts read off them.

    `matrix` is there where the experiment crosses edits with steps, `rows` where its result is a
    table: the first key of each row names the row. A fact or column with a unit names it
    (`context_bytes`, `wall_s`).
    """

    records: Mapping[str, BuildRecord]
    facts: Mapping[str, Fact] = field(default_factory=dict)
    matrix: Matrix | None = None
    rows: tuple[Row, ...] = ()

    def __getitem__(self, name: str) -> BuildRecord:
        return self.records[name]

    @property
    def recorded(self) -> str:
        """Where and when the builds were recorded; "" where they were made here."""
        return where_recorded(self.records.values())

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; the matrix is derived again on load, so it is not stored."""
        return {
            "records": {name: store.to_dict(r) for name, r in self.records.items()},
            "facts": dict(self.facts),
            "rows": [dict(row) for row in self.rows],
            "baseline": next(iter(self.records), "") if self.matrix else "",
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Runs:
        """The inverse of `to_dict`. Raises RecordError on records of a newer schema."""
        records = {name: store.from_dict(r) for name, r in data["records"].items()}
        rows = tuple(data.get("rows", ()))  # what was recorded before there were rows has none
        if not data["baseline"]:
            return cls(records, data["facts"], rows=rows)
        return crossed(records, data["facts"], rows)


def crossed(
    records: Mapping[str, BuildRecord],
    facts: Mapping[str, Fact] | None = None,
    rows: tuple[Row, ...] = (),
) -> Runs:
    """Runs with the matrix of every edit against the first record, which is the baseline."""
    names = list(records)
    matrix = Matrix.from_records(records[names[0]], {n: records[n] for n in names[1:]})
    return Runs(records, facts or {}, matrix, rows)
