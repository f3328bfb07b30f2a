"""Tables and progress in a terminal: no word is broken, and nothing is cut in a pipe."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from buildlab.cli import _progress
from buildlab.cli._aligned import aligned, cut
from buildlab.record.model import BuildRecord
from buildlab.record.steps import StepKey
from buildlab.record.stream import Progress, StepProgress
from tests.unit.factory import failed, record

HEAD = ("step", "instruction", "state", "time")
LONG = "a-stage-with-quite-a-long-name-for-a-terminal"


def table(found: BuildRecord, width: int) -> list[str]:
    """The steps of a record as lines."""
    rows = [
        (Text(str(s.key)), Text(s.instruction), Text(s.state.value), Text("12.3 s"))
        for s in found.steps
    ]
    return [x.plain for x in aligned(HEAD, rows, flexible=1, right=(3,), width=width)]


def wide_names() -> BuildRecord:
    """A record whose stage has a long name, and whose instructions have wide characters."""
    found = record()
    steps = [
        replace(s, key=StepKey(LONG, s.key.index), instruction=f"{s.instruction} 構築 構築")
        for s in found.steps
    ]
    return replace(found, steps=tuple(steps))


@pytest.mark.parametrize("width", [60, 80, 100, 200])
@pytest.mark.parametrize(
    "found", [record(), failed(), wide_names()], ids=["plain", "failed", "wide"]
)
def test_no_word_is_broken(found: BuildRecord, width: int) -> None:
    """Every line fits, and each word in it is a word of the record, whatever the width."""
    lines = table(found, width)
    known = {w for s in found.steps for w in (*str(s.key).split(), *s.instruction.split())}
    known |= {w for s in found.steps for w in s.state.value.split()} | {
        *HEAD,
        "12.3",
        "s",
        "…",
        "--mount…",
    }
    assert all(cell_len(line) <= width for line in lines)
    assert {word for line in lines for word in line.split()} <= known
    assert sum(str(s.key) in line for s in found.steps for line in lines) >= len(found.steps)


def test_cut_between_words() -> None:
    """An instruction is cut between words, and counts wide characters as two columns."""
    assert cut("RUN go build", 12) == "RUN go build"
    assert cut("RUN go build", 11) == "RUN go …"
    assert cut("RUN 構築 構築", 12) == "RUN 構築 …"


def told(*steps: StepProgress, width: int, terminal: bool, end: BuildRecord) -> list[str]:
    """What the command line shows of a build with these steps."""
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=terminal, color_system=None)
    line = _progress.Line(console, None)
    line.progressed(Progress(1.0, steps))
    line.progressed(Progress(2.0, steps))
    line.finished(end)
    return out.getvalue().splitlines()


def test_steps_are_told_as_they_end() -> None:
    """Each step that ended has one line, at its end; what was not reached has none."""
    found = failed()
    first = found.steps[1]
    ended = StepProgress(first.key, first.total, first.instruction, "cached", 0.0)
    runs = StepProgress(found.steps[5].key, 6, found.steps[5].instruction, "running", 2.0)
    lines = told(ended, runs, width=80, terminal=False, end=found)
    assert lines[0] == "○ build 2/6 WORKDIR /src  cached"
    assert len(lines) == sum(s.state.value != "not reached" for s in found.steps)
    assert any(line.startswith("✗ build 6/6 RUN") and "failed" in line for line in lines)
    assert "  build 1/6 FROM golang:1.27-trixie  base image" in lines


def test_a_pipe_gets_whole_lines_a_terminal_what_fits() -> None:
    """Without a terminal nothing is cut; in one, lines fit and end between words."""
    found = failed()
    whole = told(width=80, terminal=False, end=found)
    assert any(line.count("go build -o /out/ ./cmd/...") for line in whole)
    fitting = told(width=60, terminal=True, end=found)
    assert all(cell_len(line) <= 60 for line in fitting)
    assert len(fitting) == len(whole)


def test_a_command_is_worth_more_than_its_mounts() -> None:
    """Where an instruction must be cut, its mounts go first: the command stays to be seen."""
    mounts = "--mount=type=cache,target=/root/.cache/go-build --mount=type=secret,id=token"
    whole = f"RUN {mounts} go build -o /out/app ."
    assert cut(whole, len(whole)) == whole
    assert cut(whole, 60) == "RUN --mount… go build -o /out/app ."
    assert cut(whole, 24) == "RUN --mount… go build …"
