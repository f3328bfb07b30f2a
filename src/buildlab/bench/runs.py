"""What an experiment returns: its builds by name, and the facts that a lesson states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from buildlab import loading
from buildlab.errors import RecordError
from buildlab.record import store
from buildlab.record.matrix import Matrix
from buildlab.record.model import BuildRecord
from buildlab.record.recorded import where_recorded

Fact = str | int | float | bool
Row = Mapping[str, Fact]


@dataclass(frozen=True, slots=True)
class _Saved:
    """Runs as JSON has them; those saved before there were rows have none."""

    records: Mapping[str, Mapping[str, Any]]
    facts: Mapping[str, Fact]
    baseline: str
    rows: tuple[Row, ...] = ()


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
        """The inverse of `to_dict`. Raises RecordError on what is damaged or of a newer schema."""
        with loading.needed("the result is damaged", "measure it again", RecordError):
            saved = loading.from_data(_Saved, data)
        records = {name: store.from_dict(r) for name, r in saved.records.items()}
        if not saved.baseline:
            return cls(records, saved.facts, rows=saved.rows)
        return crossed(records, saved.facts, saved.rows)


def crossed(
    records: Mapping[str, BuildRecord],
    facts: Mapping[str, Fact] | None = None,
    rows: tuple[Row, ...] = (),
) -> Runs:
    """Runs with the matrix of every edit against the first record, which is the baseline."""
    names = list(records)
    matrix = Matrix.from_records(records[names[0]], {n: records[n] for n in names[1:]})
    return Runs(records, facts or {}, matrix, rows)
