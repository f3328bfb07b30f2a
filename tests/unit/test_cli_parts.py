"""Parts of set-up on a terminal of any width, and without one."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
from contextlib import suppress

import pytest
from rich.cells import cell_len
from rich.console import Console

from buildlab.cli._parts import Parts
from buildlab.setup.parts import Part, Unwatched


def shown(width: int) -> list[str]:
    """The list of two parts under way, line by line."""
    console = Console(width=width, force_terminal=True, file=io.StringIO(), color_system=None)
    parts = Parts(console)
    engine, images = parts.part("Engine"), parts.part("Base images")
    for part in (engine, images):
        part.begin()
    engine("downloading the engine")
    engine.count(41_000_000, 93_000_000, "bytes")
    images("adding git and a C compiler for the Go image")
    images.count(45, 88, "packages")
    images.count(41_000_000, 260_000_000, "bytes of Go")
    with console.capture() as capture:
        console.print(parts)
    return capture.get().splitlines()


def test_parts_under_way_have_a_line_each_with_what_is_known() -> None:
    """Words, bytes of how many, counts of how many, seconds."""
    engine, images = shown(140)
    assert "Engine       downloading the engine · 41 MB of 93 MB" in engine
    assert "45 of 88 packages · 41 MB of 260 MB of Go" in images


def test_where_there_is_little_room_counts_stay() -> None:
    """Words are cut first: how far it is, is what changes."""
    engine, images = shown(58)
    assert "41 MB of 93 MB" in engine
    assert "45 of 88 packages" in images and "…" in images


@pytest.mark.parametrize("width", [20, 40, 80])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    """One line a part, however narrow."""
    lines = shown(width)
    assert len(lines) == 2
    assert all(cell_len(line) <= width for line in lines)


def test_without_a_terminal_each_event_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Begin, what is said (once), end with result; counts are left out."""
    with Parts(Console()) as parts, parts.part("Engine") as part:
        part("unpacking [bold]")
        part("unpacking [bold]")
        part.count(1, 2, "bytes")
        part.result = "here [red]"
    begin, said, end = capsys.readouterr().out.splitlines()
    assert (begin, said) == ("→ Engine …", "  Engine: unpacking [bold]")
    assert end.startswith("→ Engine: here [red] … ") and end.endswith(" s")


def test_a_part_that_failed_is_shown_no_more() -> None:
    """Its error comes below, and nothing still turns."""
    parts = Parts(Console(width=80, force_terminal=True, file=io.StringIO()))
    with pytest.raises(ValueError, match="x"), parts.part("Engine"):
        raise ValueError("x")
    assert not parts._rows


def test_nobody_has_to_watch() -> None:
    """Set-up is a library: no terminal is needed."""
    with Part("Engine", Unwatched()) as part:
        part("unpacking")
        part.count(1, 2, "bytes")


MOVING = """
import time
from rich.console import Console
from buildlab.cli import _door
_door.close()
with Console(force_terminal=True, width=60).status("moving …"):
    print("raw \\x1b[31m")
    time.sleep(0.3)
"""


def test_a_moving_line_moves_on_a_terminal() -> None:
    """Rich's own control sequences reach it as they are; those of others are made visible."""
    ours, theirs = pty.openpty()
    with subprocess.Popen([sys.executable, "-c", MOVING], stdout=theirs) as process:
        os.close(theirs)
        said = b""
        with suppress(OSError):  # how a terminal of ours ends
            while piece := os.read(ours, 4096):
                said += piece
        os.close(ours)
    assert process.returncode == 0
    assert b"\x1b[2K" in said and b"\\x1b[2K" not in said
    assert b"\\x1b[31m" in said and b"\x1b[31m" not in said
