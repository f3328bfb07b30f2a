"""A build as a table: its steps, what else took time, and the error if it failed."""

from __future__ import annotations

from buildlab.record.derive import totals
from buildlab.record.failed import failure_lines
from buildlab.record.model import BuildRecord
from buildlab.record.phrases import format_bytes, format_s
from buildlab.record.steps import Internal, Step
from buildlab.record.style import INTERNAL_WORDS
from buildlab.record.words import describe, suspicion, warning_lines
from buildlab.show.html.look import step_look, worked_s
from buildlab.show.html.page import render, styled


def record_html(record: BuildRecord) -> str:
    """A table of the steps, what else took time, and the error if the build failed."""
    return styled(
        render(
            "record",
            label=describe(record),
            title=record.title or "build",
            recorded=record.recorded,
            figures=_figures(record),
            warnings=warning_lines(record, checks=False),
            failure=_failure(record),
            steps=[_step(s, record) for s in record.steps],
            internals=[_internal(i) for i in record.internals if i.kind != "client"],
        )
    )


def _step(step: Step, record: BuildRecord) -> dict[str, object]:
    return {
        "place": step.place,
        "instruction": step.instruction,
        "look": step_look(step),
        "mark": suspicion(step, record.suspect),
        "seconds": worked_s(step),
    }


def _internal(internal: Internal) -> dict[str, object]:
    sent = internal.transferred_bytes
    told = INTERNAL_WORDS.get(internal.kind, internal.name)
    return {
        "told": f"{told} ({format_bytes(sent)})" if sent else told,
        "seconds": internal.duration_s,
    }


def _figures(record: BuildRecord) -> str:
    found = totals(record)
    parts = [
        f"{format_s(found.wall_s)} in all",
        f"critical path {format_s(found.critical_path_s)}",
        f"{format_bytes(record.context_bytes)} of context sent",
    ]
    if record.image_size_bytes is not None:
        parts.append(f"image of {format_bytes(record.image_size_bytes)} compressed")
    if record.commit:
        parts.append(f"commit {record.commit[:12]}")
    if not record.ok:
        parts.append(f"failed with exit code {record.exit_code}")
    parts += [f"step {key} is suspect: no space was left" for key in record.suspect]
    if checks := dict.fromkeys(w.rule or w.message for w in record.warnings if w.url):
        parts.append(f"warnings: {', '.join(checks)}")
    return ", ".join(parts)


def _failure(record: BuildRecord) -> str:
    if record.ok or record.failure is None:
        return ""
    return "\n".join([record.failure.message, *failure_lines(record)])
