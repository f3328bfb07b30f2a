"""Records as pandas tables: the one module that imports pandas. Units are in the column names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from buildlab.record import derive
from buildlab.record.compare import compare
from buildlab.record.matrix import Matrix
from buildlab.record.model import BuildRecord
from buildlab.record.phrases import short_instruction
from buildlab.record.recorded import where_recorded
from buildlab.record.steps import State, Step, StepKey
from buildlab.record.words import how_it_ended, state_words, suspicion

if TYPE_CHECKING:
    import pandas as pd

MB = 1_000_000
_SHOWN_WHOLE = 48
"""Characters of a text that pandas does not cut again when a notebook shows it."""


def steps(record: BuildRecord) -> pd.DataFrame:
    """One row per step, in Dockerfile order. Seconds are rounded to milliseconds."""
    rows = [_step_row(s, suspicion(s, record.suspect)) for s in record.steps]
    return _frame(rows, list(_step_row(_NO_STEP)), record.recorded)


def internals(record: BuildRecord) -> pd.DataFrame:
    """One row per vertex that is no step: transfers, metadata, exports."""
    columns = ["kind", "name", "start_s", "duration_s", "transferred_bytes", "cached", "error"]
    rows = [
        {
            "kind": i.kind,
            "name": i.name,
            "start_s": _ms(i.intervals[0].start_s) if i.intervals else None,
            "duration_s": _ms(i.duration_s),
            "transferred_bytes": i.transferred_bytes,
            "cached": i.cached,
            "error": i.error,
        }
        for i in record.internals
    ]
    return _frame(rows, columns, record.recorded)


def totals(*records: BuildRecord) -> pd.DataFrame:
    """One row per build: where its time went, misses, context, image."""
    rows = []
    for record in records:
        found = derive.totals(record)
        rows.append(
            {
                "build": record.title,
                "wall_s": _ms(found.wall_s),
                "ran_s": _ms(found.ran_s),
                "cached_s": _ms(found.cached_s),
                "transfer_s": _ms(found.transfer_s),
                "metadata_s": _ms(found.metadata_s),
                "export_s": _ms(found.export_s),
                "critical_path_s": _ms(found.critical_path_s),
                "parallelism": round(found.parallelism, 2),
                "no_op_s": _ms(derive.no_op_s(record)),
                "misses": len(derive.misses(record)),
                "context_bytes": record.context_bytes,
                "image_mb": _mb(record.image_size_bytes),
                "exit_code": record.exit_code,
            }
        )
    frame = _frame(rows, list(rows[0]) if rows else ["build"], where_recorded(records))
    return frame.set_index("build")


def layers(record: BuildRecord) -> pd.DataFrame:
    """One row per layer of the image, base first, and the step that made it, if it is known."""
    makers = {layer.digest: s for s in record.steps for layer in s.layers}
    rows = []
    for layer in record.layers:
        maker = makers.get(layer.digest)
        rows.append(
            {
                "step": str(maker.key) if maker else "",
                "instruction": short_instruction(maker.instruction) if maker else "",
                "size_mb": _mb(layer.size_bytes),
                "digest": layer.digest,
            }
        )
    return _frame(rows, ["step", "instruction", "size_mb", "digest"], record.recorded)


def comparison(a: BuildRecord, b: BuildRecord) -> pd.DataFrame:
    """One row per step of either build: both states, both durations, what changed."""
    names = (a.title or "a", b.title or "b")
    if names[0] == names[1]:
        names = (f"{names[0]} (a)", f"{names[1]} (b)")
    rows = [
        {
            "step": str(c.key),
            "instruction": short_instruction(c.instruction),
            names[0]: how_it_ended(c.a) if c.a else "",
            names[1]: how_it_ended(c.b) if c.b else "",
            f"{names[0]} s": _ms(c.duration_a_s),
            f"{names[1]} s": _ms(c.duration_b_s),
            "changed": c.changed,
            "edit": " ".join(filter(None, ("moved" * c.moved, c.status.replace("same", "")))),
        }
        for c in compare(a, b).changes
    ]
    columns = ["step", "instruction", *names, *(f"{n} s" for n in names), "changed", "edit"]
    return _frame(rows, columns, where_recorded((a, b)))


def matrix(m: Matrix) -> pd.DataFrame:
    """Edits down, steps across (each by its key and keyword), and how many steps ran."""
    columns = [f"{key} {m.labels[key].split(maxsplit=1)[0]}" for key in m.steps]
    rows = [
        {
            "edit": edit,
            **{name: m.word(edit, key) for name, key in zip(columns, m.steps, strict=True)},
            "steps that ran": m.miss_counts[edit],
        }
        for edit in m.edits
    ]
    return _frame(rows, ["edit", *columns, "steps that ran"], m.recorded).set_index("edit")


def states(record: BuildRecord) -> pd.DataFrame:
    """Facts only, the same on every machine: each cacheable step and its state, no times."""
    rows = [
        {
            "step": str(s.key),
            "instruction": short_instruction(s.instruction, _SHOWN_WHOLE),
            "state": how_it_ended(s),
        }
        for s in record.work
        if s.cacheable
    ]
    return _frame(rows, ["step", "instruction", "state"], record.recorded).set_index("step")


def facts(found: Mapping[str, object], recorded: str = "") -> pd.DataFrame:
    """One row per fact of an experiment."""
    rows = [{"fact": name, "value": str(value)} for name, value in found.items()]
    return _frame(rows, ["fact", "value"], recorded).set_index("fact")


def rows(found: Iterable[Mapping[str, object]], recorded: str = "") -> pd.DataFrame:
    """The rows of an experiment as they are; the first column names the row."""
    listed = [dict(row) for row in found]
    columns = list(dict.fromkeys(name for row in listed for name in row)) or ["row"]
    return _frame(listed, columns, recorded).set_index(columns[0])


def transfer(records: Mapping[str, BuildRecord]) -> pd.DataFrame:
    """One row per build: context sent, and how long that took."""
    rows = [
        {
            "build": name,
            "sent_mb": _mb(r.context_bytes),
            "transfer_s": _ms(derive.totals(r).transfer_s),
        }
        for name, r in records.items()
    ]
    frame = _frame(rows, ["build", "sent_mb", "transfer_s"], where_recorded(records.values()))
    return frame.set_index("build")


_NO_STEP = Step(key=StepKey("", 0), total=0, instruction="", state=State.RAN)


def _step_row(step: Step, mark: str = "") -> dict[str, Any]:
    return {
        "stage": step.stage,
        "index": step.key.index,
        "instruction": short_instruction(step.instruction, _SHOWN_WHOLE),
        "lines": "–".join(str(n) for n in dict.fromkeys(step.lines)) if step.lines else "",
        "state": state_words(step) + mark,
        "start_s": _ms(step.start_s),
        "duration_s": _ms(step.duration_s),
        "inputs": ", ".join([str(k) for k in step.inputs] + ["context"] * step.reads_context),
        "cache_mounts": ", ".join(m.target for m in step.cache_mounts),
        "layer_mb": _mb(sum(x.size_bytes for x in step.layers)) if step.layers else None,
    }


def _frame(rows: list[dict[str, Any]], columns: list[str], recorded: str = "") -> pd.DataFrame:
    """The table; where its builds were recorded goes to `attrs`, for notebooks to show."""
    import pandas as pd

    frame = pd.DataFrame(rows, columns=columns)
    if recorded:
        frame.attrs["recorded"] = recorded
    return frame


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _mb(size_bytes: int | None) -> float | None:
    return None if size_bytes is None else round(size_bytes / MB, 3)
