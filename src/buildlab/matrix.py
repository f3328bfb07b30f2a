"""Which edit makes which step run: edits down, steps across."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from buildlab.compare import merged_keys
from buildlab.record import BuildRecord, State, StepKey


@dataclass(frozen=True, slots=True)
class Matrix:
    """State of each cacheable step after each edit: `cells[edit][step]`.

    `steps` are in the order of the Dockerfile, `labels` their instructions. A step that a build
    lacks is "not reached".
    """

    edits: tuple[str, ...]
    steps: tuple[StepKey, ...]
    labels: Mapping[StepKey, str]
    cells: tuple[tuple[State, ...], ...]
    recorded: str = ""

    @classmethod
    def from_records(cls, baseline: BuildRecord, records: Mapping[str, BuildRecord]) -> Matrix:
        """Cross the builds made after each edit with the steps of the build before."""
        every = (baseline, *records.values())
        steps = merged_keys(*(tuple(r.states()) for r in every))
        labels = {s.key: s.instruction for r in reversed(every) for s in r.steps if s.cacheable}
        states = [r.states() for r in records.values()]
        return cls(
            tuple(records),
            steps,
            {key: labels[key] for key in steps},
            tuple(tuple(row.get(key, State.NOT_REACHED) for key in steps) for row in states),
            next((r.recorded for r in every if r.recorded), ""),
        )

    def state(self, edit: str, key: StepKey) -> State:
        """The state in one cell. Raises KeyError for an edit or step that is not in the matrix."""
        if edit not in self.edits or key not in self.steps:
            raise KeyError((edit, key))
        return self.cells[self.edits.index(edit)][self.steps.index(key)]

    def misses(self, edit: str) -> tuple[StepKey, ...]:
        """The steps that ran after this edit. Raises KeyError for an unknown edit."""
        if edit not in self.edits:
            raise KeyError(edit)
        row = self.cells[self.edits.index(edit)]
        return tuple(k for k, state in zip(self.steps, row, strict=True) if state is State.RAN)

    @property
    def miss_counts(self) -> dict[str, int]:
        """How many steps ran after each edit."""
        return {edit: len(self.misses(edit)) for edit in self.edits}

    def _repr_html_(self) -> str:
        from buildlab.html import matrix_html

        return matrix_html(self)

    def __str__(self) -> str:
        from buildlab.text import describe_matrix

        return describe_matrix(self)
