"""A build on the terminal: each step as it ends, one moving line; and records as tables."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Console
from rich.status import Status
from rich.text import Text

from buildlab.cli._aligned import GAP, aligned, cut, room
from buildlab.record import history
from buildlab.record.phrases import format_bytes, format_s, one_line
from buildlab.record.style import BASE_WORDS, COLOURS, ENDED, GLYPHS, TIMED, WORDS, is_base
from buildlab.record.words import below_sentence, describe, state_words, suspicion, warning_lines

if TYPE_CHECKING:
    from buildlab.record.model import BuildRecord
    from buildlab.record.steps import State, Step, StepKey
    from buildlab.record.stream import Progress


class Line:
    """Shows the literal command once, each step when it has ended, and below them what runs.

    Without a terminal: no moving line, and nothing is cut.
    """

    def __init__(self, console: Console, status: Status | None) -> None:
        self._console, self._status = console, status
        self._told: set[StepKey] = set()
        self._trouble = False

    def waiting(self, reason: str) -> None:
        self._console.print(reason, markup=False)

    def started(self, command: tuple[str, ...], title: str) -> None:
        self._console.print(f"$ {shlex.join(command)}", markup=False)

    def progressed(self, progress: Progress) -> None:
        for step in progress.steps:
            if step.phase in ENDED and step.shared_with is None:
                self._tell(step.key, step.total, step.instruction, step.phase, step.elapsed_s)
        if progress.trouble and not self._trouble:
            self._console.print(progress.trouble, markup=False)
        self._trouble = bool(progress.trouble)
        if self._status is None:
            return
        steps = [s for s in progress.steps if s.phase == "running"]
        names = [f"[{s.key}] {s.instruction}" for s in steps]
        sent = f" · {format_bytes(progress.transferred_bytes)} sent" if not steps else ""
        what = progress.trouble or " · ".join(names or progress.internals[:2]) or "…"
        shown = cut(f"{format_s(progress.elapsed_s)}  {what}{sent}", self._console.width - 4)
        self._status.update(Text(shown))

    def finished(self, record: BuildRecord) -> None:
        if self._status is not None:
            self._status.stop()
        for step in record.work:
            if step.state in ENDED:
                self._tell(step.key, step.total, step.instruction, step.state, step.duration_s)

    def _tell(self, key: StepKey, total: int, instruction: str, phase: str, took_s: float) -> None:
        """One step that has ended, once: what it was, and how it ended."""
        if key in self._told:
            return
        self._told.add(key)
        base = is_base(instruction, phase)
        colour = "dim" if base else COLOURS[phase]
        took = format_s(took_s) if phase in TIMED else ""
        ending = " ".join((BASE_WORDS if base else WORDS[phase], took)).strip()
        line = Text(f"{' ' if base else GLYPHS[phase]} ", style=colour)
        line.append(f"{key.of(total)} ", style="bold")
        left = room(self._console) - cell_len(line.plain) - cell_len(ending) - GAP
        line.append(cut(one_line(instruction), left))
        line.append(f"{' ' * GAP}{ending}", style=colour)
        self._console.print(line, soft_wrap=True)


class Log(Line):
    """Shows the literal command, then docker's plain log as it comes."""

    def said(self, text: str) -> None:
        self._console.print(text, markup=False)


@contextmanager
def line(console: Console, *, quiet: bool, plain: bool = False) -> Iterator[tuple[Line, ...]]:
    """The observers of a build from the command line."""
    if quiet:
        yield ()
    elif plain:
        yield (Log(console, None),)
    elif console.is_terminal:
        with console.status("…") as status:
            yield (Line(console, status),)
    else:
        yield (Line(console, None),)


def print_record(record: BuildRecord, *, failure: bool = True, stderr: bool = False) -> None:
    """The record's summary, unless told otherwise why it failed, its steps, its warnings."""
    console = Console(emoji=False, highlight=False, stderr=stderr)
    said = [describe(record), *(below_sentence(record) if failure else ())]
    whole = not console.is_terminal  # in a terminal, lines end between words
    for line in said:
        console.print(Text(line), soft_wrap=whole)
    rows = [
        (
            Text(str(step.key)),
            Text(one_line(step.instruction)),
            _step_state(step).append(suspicion(step, record.suspect)),
            Text(format_s(step.duration_s) if _timed(step) else ""),
        )
        for step in record.steps
    ]
    head = ("step", "instruction", "state", "time")
    if rows:
        for line in aligned(head, rows, flexible=1, right=(3,), width=room(console)):
            console.print(line, soft_wrap=True)
    for warning in warning_lines(record):
        console.print(Text(warning), soft_wrap=whole)
    if kept := history.note(record):
        console.print(Text(kept), soft_wrap=True)


def _timed(step: Step) -> bool:
    return step.stopped or (step.state in TIMED and bool(step.intervals))


def _step_state(step: Step) -> Text:
    if step.stopped:
        return Text(f"{GLYPHS[step.state]} {state_words(step)}", style=COLOURS[step.state])
    if step.shared_with is not None or is_base(step.instruction, step.state):
        return Text(state_words(step), style="dim")
    return _state(step.state)


def _state(state: State) -> Text:
    return Text(f"{GLYPHS[state.value]} {state.value}", style=COLOURS[state.value])
