"""The live view's HTML: strings from data, no widget and no kernel needed."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from buildlab.basics.visible import on_one_line
from buildlab.record.model import BuildRecord
from buildlab.record.phrases import format_bytes, format_s
from buildlab.record.steps import StepKey
from buildlab.record.stream import Progress
from buildlab.record.style import INTERNAL_WORDS, STOPPED_WORD, is_base
from buildlab.record.words import below_sentence, describe, warning_lines
from buildlab.show.html.look import Look, look
from buildlab.show.html.page import render, styled

SCALES_S: Final = (2, 5, 10, 20, 40, 90, 180, 420, 900, 3600)
"""What a full bar stands for: a scale that seldom changes lets a bar grow in peace."""


def head_html(title: str, command: tuple[str, ...]) -> str:
    """The title line, and the literal command folded away: set once, so that nothing flickers."""
    return styled(render("live_head", title=title or "build", line=shlex.join(command)))


def waiting_html(reason: str) -> str:
    """Why nothing happens yet."""
    return styled(render("live_waiting", reason=reason))


def body_html(progress: Progress) -> str:
    """The steps as they stand: state, place, instruction, a bar that grows, seconds."""
    rows = [
        _Row(s.key, s.total, s.instruction, s.phase, s.elapsed_s, s.shared_with)
        for s in progress.steps
    ]
    return render(
        "live_body",
        now=_now(progress),
        trouble=progress.trouble,
        lines=_lines(rows),
    )


def settled_html(*records: BuildRecord, whole: bool) -> str:
    """Ended builds in the same places; unless `whole`, each folded into a line that opens."""
    return styled(Markup("").join(_settled(record, whole) for record in records))


def _settled(record: BuildRecord, whole: bool) -> Markup:
    rows = [
        _Row(s.key, s.total, s.instruction, s.state, s.duration_s, s.shared_with, s.stopped)
        for s in record.steps
    ]
    title = on_one_line(record.title) or "build"
    return render(
        "live_ended",
        whole=whole,
        mark="✓" if record.ok else "✗",
        title=title,
        said=describe(record).removeprefix(title),
        line=shlex.join(record.command),
        warnings=warning_lines(record, checks=False),
        why="\n".join(below_sentence(record)),
        lines=_lines(rows),
        besides=_besides(record),
    )


@dataclass(frozen=True, slots=True)
class _Row:
    """One step, while it runs and afterwards."""

    key: StepKey
    total: int
    instruction: str
    phase: str
    seconds: float
    shared_with: StepKey | None = None
    stopped: bool = False

    @property
    def timed(self) -> bool:
        worked = self.stopped or self.phase in ("running", "ran", "failed")
        return self.shared_with is None and worked

    @property
    def base(self) -> bool:
        """A FROM that worked: its state says nothing of the build cache."""
        return is_base(self.instruction, self.phase)

    @property
    def look(self) -> Look:
        if self.shared_with is not None:
            return Look(f"shared with {self.shared_with}")
        return look(self.phase, STOPPED_WORD if self.stopped else "", base=self.base)


def _lines(rows: Sequence[_Row]) -> list[dict[str, object]]:
    slowest = max((r.seconds for r in rows if r.timed), default=0.0)
    scale_s = next((s for s in SCALES_S if s > slowest), slowest or 1)
    return [_line(row, scale_s) for row in rows]


def _line(row: _Row, scale_s: float) -> dict[str, object]:
    return {
        "phase": row.phase,
        "look": row.look,
        "place": row.key.of(row.total),
        "instruction": row.instruction,
        "timed": row.timed,
        "colour": "internal" if row.base else row.phase,
        "share": f"{min(100.0, 100 * row.seconds / scale_s):.1f}",
        "seconds": row.seconds,
    }


def _now(progress: Progress) -> str:
    """One line: time since the start, what was sent, which internal work runs."""
    parts = [f"running for {progress.elapsed_s:.0f} s"]
    if progress.transferred_bytes:
        parts.append(f"{format_bytes(progress.transferred_bytes)} of context sent")
    if progress.internals:
        parts.append(progress.internals[-1].removeprefix("[internal] "))
    return " · ".join(parts)


def _besides(record: BuildRecord) -> str:
    """What took time and is no step, by kind, in the words of the plots."""
    kinds: dict[str, float] = {}
    for internal in record.internals:
        kinds[internal.kind] = kinds.get(internal.kind, 0.0) + internal.duration_s
    told = [
        f"{INTERNAL_WORDS.get(kind, kind)} {format_s(seconds)}"
        + (f" ({format_bytes(record.context_bytes)})" if kind == "context" else "")
        for kind, seconds in kinds.items()
        if seconds >= 0.05 and kind != "client"
    ]
    return f"Besides the steps: {', '.join(told)}." if told else ""
