"""When each step of a build worked: a Gantt chart by stage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from matplotlib.axes import Axes

from buildlab.record.model import BuildRecord
from buildlab.record.phrases import format_s
from buildlab.record.steps import Internal, Interval, State, Step
from buildlab.record.style import (
    BASE_WORDS,
    COLOURS,
    GLYPHS,
    INTERNAL,
    INTERNAL_WORDS,
    STOPPED_WORD,
    WORDS,
)
from buildlab.show.plot.canvas import (
    MONO,
    axes_of,
    is_base,
    look,
    note,
    short_instruction,
    stage_words,
    styled,
)

ROW_IN: Final = 0.27
LABEL_CHARS: Final = 46
EARLY: Final = (
    "definition",
    "metadata",
    "dockerignore",
    "context",
    "remote context",
    "cache import",
)


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of the chart: a step, a kind of internal work, or a stage's heading."""

    label: str
    step: Step | None = None
    intervals: tuple[Interval, ...] = ()


@styled
def waterfall(record: BuildRecord, ax: Axes | None = None) -> Axes:
    """Draw when each step worked, top to bottom by stage, in seconds since the build's start.

    A cached step has no bar but a mark; grey bars are work that is no step (context, export).
    """
    rows = _rows(record)
    ax = axes_of(ax, 1.15 + ROW_IN * len(rows))
    end = max((i.end_s for r in rows for i in r.intervals), default=0.0) or 1.0
    for y, row in enumerate(rows):
        _draw(ax, y, row, end)
    ax.set(xlim=(0, end * 1.2), ylim=(len(rows) - 0.4, -0.7))
    ax.set_yticks(range(len(rows)), [f"{r.label:<{LABEL_CHARS + 6}}" for r in rows])
    for tick, row in zip(ax.get_yticklabels(), rows, strict=True):
        tick.set(family=MONO, fontsize=7.5, color="#222222" if row.step else "#666666")
        if _heading(row):
            tick.set(fontweight="bold", color="#222222")
    ax.set_xlabel("seconds since the build started")
    ax.set_title(record.title or "build")
    note(ax, record.recorded)
    return ax


def _heading(row: _Row) -> bool:
    return row.step is None and not row.intervals


def _rows(record: BuildRecord) -> list[_Row]:
    """Internals before, steps by stage in Dockerfile order, internals after."""
    end = max([i.end_s for s in record.steps for i in s.intervals] + [record.wall_s], default=0.0)
    shown = [i for i in record.internals if i.duration_s > 0.005 * end and i.kind != "client"]
    rows = _merged([i for i in shown if i.kind in EARLY])
    stages = list(dict.fromkeys(s.stage for s in record.steps))
    for stage in stages:
        if len(stages) > 1 or stage:
            rows.append(_Row(stage_words(stage) if stage else "unnamed stage"))
        rows += [_Row(_label(s), s, s.intervals) for s in record.steps if s.stage == stage]
    late = _merged([i for i in shown if i.kind not in EARLY])
    if late and len(stages) > 1:
        rows.append(_Row("after the steps"))
    return rows + late


def _merged(internals: list[Internal]) -> list[_Row]:
    """One row for each kind, so that three base images make one line."""
    kinds: dict[str, list[Interval]] = {}
    for internal in internals:
        kinds.setdefault(internal.kind, []).extend(internal.intervals)
    return [
        _Row(INTERNAL_WORDS.get(kind, kind), None, tuple(sorted(spans)))
        for kind, spans in kinds.items()
    ]


def _label(step: Step) -> str:
    place = f"{step.key.index}/{step.total}"
    return f"{short_instruction(step.instruction, LABEL_CHARS):<{LABEL_CHARS}} {place:>5}"


def _draw(ax: Axes, y: int, row: _Row, end: float) -> None:
    """The bars of one row, and beside the last one its glyph, state and duration."""
    worked = sum(i.end_s - i.start_s for i in row.intervals)
    spans = [(i.start_s, max(i.end_s - i.start_s, end * 0.002)) for i in row.intervals]
    last = max((i.end_s for i in row.intervals), default=0.0)
    if row.step is None:
        ax.broken_barh(spans, (y - 0.2, 0.4), facecolor=INTERNAL, linewidth=0)
        if spans:
            _say(ax, last, y, format_s(worked), "#555555")
        return
    state = row.step.state
    if row.step.shared_with is not None:
        _say(ax, 0.0, y, f"shared with {row.step.shared_with}", "#555555")
        return
    timed = row.step.stopped or state in (State.RAN, State.FAILED)
    seconds = f" {format_s(worked)}" if timed and worked else ""
    if is_base(row.step):
        ax.broken_barh(spans, (y - 0.2, 0.4), facecolor=INTERNAL, linewidth=0)
        _say(ax, last, y, f"{BASE_WORDS}{seconds}", "#555555")
        return
    if timed:
        ax.broken_barh(spans, (y - 0.36, 0.72), **look(state))
    colour = COLOURS[state] if state is State.CACHED else "#222222"
    word = STOPPED_WORD if row.step.stopped else WORDS[state]
    _say(ax, last if timed else 0.0, y, f"{GLYPHS[state]} {word}{seconds}", colour)


def _say(ax: Axes, x: float, y: float, text: str, colour: str) -> None:
    ax.annotate(
        text, (x, y), (4, 0), textcoords="offset points", va="center", fontsize=8, color=colour
    )
