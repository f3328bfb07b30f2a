"""Which edit makes which step run: edits down, steps across."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from buildlab.record.compare import merged
from buildlab.record.model import BuildRecord
from buildlab.record.phrases import count
from buildlab.record.recorded import bracketed, where_recorded
from buildlab.record.steps import State, Step, StepKey
from buildlab.record.style import STOPPED_WORD


@dataclass(frozen=True, slots=True)
class Matrix:
    """State of each cacheable step after each edit: `cells[edit][step]`.

    `steps` are in the order of the Dockerfile, `labels` their instructions. They have the keys of
    the build before; a step that only later builds have gets one of its own. A step that a build
    lacks is "not reached".
    """

    edits: tuple[str, ...]
    steps: tuple[StepKey, ...]
    labels: Mapping[StepKey, str]
    cells: tuple[tuple[State, ...], ...]
    recorded: str = ""
    stopped: frozenset[tuple[str, StepKey]] = frozenset()
    """Cells of steps that were at work when their build ended."""

    @classmethod
    def from_records(cls, baseline: BuildRecord, records: Mapping[str, BuildRecord]) -> Matrix:
        """Cross the builds made after each edit with the steps of the build before."""
        every = (baseline, *records.values())
        rows = merged([[s for s in r.work if s.cacheable] for r in every])
        keys = _keys(rows)
        cells = (
            tuple(step.state if step else State.NOT_REACHED for step in column)
            for column in zip(*rows, strict=True)
        )
        return cls(
            tuple(records),
            keys,
            {
                key: next(s.instruction for s in row if s)
                for key, row in zip(keys, rows, strict=True)
            },
            tuple(cells)[1:] if rows else tuple(() for _ in records),
            where_recorded(every),
            frozenset(
                (edit, key)
                for row, key in zip(rows, keys, strict=True)
                for edit, step in zip(records, row[1:], strict=True)
                if step and step.stopped
            ),
        )

    def word(self, edit: str, key: StepKey) -> str:
        """What stands in one cell. Raises KeyError as `state` does."""
        return STOPPED_WORD if (edit, key) in self.stopped else self.state(edit, key).value

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


def _keys(rows: Sequence[Sequence[Step | None]]) -> tuple[StepKey, ...]:
    """A key for each row: its step's in the first build that has it, unless another row's it is."""
    known = {row[0].key for row in rows if row[0]}
    keys: list[StepKey] = []
    for row in rows:
        key = next(s.key for s in row if s)
        while not row[0] and key in known:
            key = StepKey(f"{key.stage} new".strip(), key.index)
        known.add(key)
        keys.append(key)
    return tuple(keys)


def describe_matrix(matrix: Matrix) -> str:
    """A matrix in a sentence: how many steps each edit made run."""
    counts = matrix.miss_counts
    if not counts:
        return "No edits were tried."
    alike = {
        n: [e for e in counts if counts[e] == n] for n in sorted(counts.values(), reverse=True)
    }
    told = [f"{n or 'none'} ran after {_either(edits)}" for n, edits in alike.items()]
    head = f"Of {count(len(matrix.steps), 'cacheable step')}, "
    return head + ", ".join(told) + bracketed([matrix]) + "."


def _either(edits: Sequence[str]) -> str:
    """Edits that cost the same, as one phrase."""
    *first, last = edits
    return f"{', '.join(first)} or {last}" if first else last
