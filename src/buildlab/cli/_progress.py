"""A build as one moving line on the terminal, and records as tables."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.status import Status
from rich.table import Table
from rich.text import Text

from buildlab.style import COLOURS, GLYPHS
from buildlab.text import describe, describe_comparison, format_bytes, format_s, short_instruction

if TYPE_CHECKING:
    from buildlab.compare import Comparison
    from buildlab.record import BuildRecord, State
    from buildlab.stream import Progress


class Line:
    """Shows the literal command once, then what runs. Without a terminal: the command only."""

    def __init__(self, console: Console, status: Status | None) -> None:
        self._console, self._status = console, status

    def waiting(self, reason: str) -> None:
        self._console.print(reason, markup=False)

    def started(self, command: tuple[str, ...], title: str) -> None:
        self._console.print(f"$ {shlex.join(command)}", markup=False)

    def progressed(self, progress: Progress) -> None:
        if self._status is None:
            return
        steps = [s for s in progress.steps if s.phase == "running"]
        names = [f"[{s.key}] {short_instruction(s.instruction)}" for s in steps]
        sent = f" · {format_bytes(progress.transferred_bytes)} sent" if not steps else ""
        done = sum(s.phase in ("cached", "ran") for s in progress.steps)
        what = " · ".join(names or progress.internals[:2]) or "…"
        self._status.update(Text(f"{format_s(progress.elapsed_s)}  {done} done  {what}{sent}"))

    def finished(self, record: BuildRecord) -> None:
        if self._status is not None:
            self._status.stop()


@contextmanager
def line(console: Console, *, quiet: bool) -> Iterator[tuple[Line, ...]]:
    """The observers of a build from the command line."""
    if quiet:
        yield ()
    elif console.is_terminal:
        with console.status("…") as status:
            yield (Line(console, status),)
    else:
        yield (Line(console, None),)


def print_record(record: BuildRecord) -> None:
    """The record as a table, its summary above it."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("step", "instruction", "state", "time"):
        table.add_column(name, justify="right" if name == "time" else "left", overflow="fold")
    for step in record.steps:
        table.add_row(
            Text(str(step.key)),
            Text(short_instruction(step.instruction)),
            _state(step.state),
            format_s(step.duration_s),
        )
    console = Console(highlight=False)
    console.print(Text(describe(record)), soft_wrap=True)
    if record.steps:
        console.print(table)
    for warning in record.warnings:
        console.print(Text(f"Warning: {warning.rule}: {warning.message}"), soft_wrap=True)


def print_comparison(comparison: Comparison) -> None:
    """Two records beside each other; a changed state is marked."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    a, b = comparison.title_a, comparison.title_b
    for name in ("", "step", "instruction", a, "time", b, "time"):
        table.add_column(Text(name), justify="right" if name == "time" else "left", overflow="fold")
    for change in comparison.changes:
        table.add_row(
            "≠" if change.changed else "",
            Text(str(change.key)),
            Text(short_instruction(change.instruction, 44)),
            _state(change.state_a),
            format_s(change.duration_a_s),
            _state(change.state_b),
            format_s(change.duration_b_s),
        )
    console = Console(highlight=False)
    console.print(Text(describe_comparison(comparison)), soft_wrap=True)
    console.print(table)


def _state(state: State | None) -> Text:
    if state is None:
        return Text("no such step")
    return Text(f"{GLYPHS[state.value]} {state.value}", style=COLOURS[state.value])
