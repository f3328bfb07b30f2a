"""The labs in a terminal: begin, check, hint, repair, pass, debrief; watch; a room's files."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from buildlab.labs import reading

LAB = reading.find("late_arguments")
COMMAND = [sys.executable, "-m", "buildlab", "labs"]
LIMIT_S = 300


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this test's working copies are."""
    folder = tmp_path / "work"
    monkeypatch.setenv("BUILDLAB_WORK", str(folder))
    return folder


def labs(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *words], capture_output=True, text=True, timeout=LIMIT_S, cwd=cwd, check=False
    )


def test_a_lab_from_begin_to_debrief(work: Path) -> None:
    """As its README says; nothing of the learner's is lost on the way."""
    copy = work / "labs" / LAB.name
    begun = labs("begin", "late_arguments")
    assert begun.returncode == 0, begun.stderr
    assert str(copy / "Dockerfile") in begun.stdout
    assert "late_arguments" in labs("hint", "late_arguments").stdout  # says to check first

    failed = labs("check", cwd=copy)
    assert failed.returncode == 1, failed.stderr
    assert "✗ Another commit or another date" in failed.stdout
    rungs = [labs("hint", "1").stdout for _ in range(4)]
    assert [f"Hint {n} of 3" in rung for n, rung in zip((1, 2, 3, 3), rungs, strict=True)] == [
        True
    ] * 4
    refused = labs("solution", "late_arguments")
    assert refused.returncode == 2
    assert "--give-up" in refused.stderr

    (copy / "Dockerfile").write_bytes((LAB.solution / "Dockerfile").read_bytes())
    passed = labs("check", "late_arguments")
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert "the solution's" in passed.stdout
    assert "At work:" in passed.stdout
    opened = labs("solution", "late_arguments")
    assert opened.returncode == 0
    assert (LAB.solution / "WHY.md").read_text().splitlines()[0] in opened.stdout
    listed = json.loads(labs("list", "--json").stdout)
    assert next(one for one in listed if one["name"] == LAB.name)["state"] == "passed"


def test_begin_leaves_what_is_there(work: Path) -> None:
    """Begun twice, the learner's file is as they left it; reset keeps it beside."""
    labs("begin", "1")
    mine = work / "labs" / LAB.name / "Dockerfile"
    mine.write_text("FROM scratch\n")
    assert labs("begin", "1").returncode == 0
    assert mine.read_text() == "FROM scratch\n"
    kept = json.loads(labs("reset", "1", "--json").stdout)["kept"]
    assert Path(kept, "Dockerfile").read_text() == "FROM scratch\n"
    assert mine.read_bytes() == (LAB.start / "Dockerfile").read_bytes()


def test_goto_brings_a_latecomer_to_a_lesson(work: Path) -> None:
    """Solutions stand in all labs before it, own files are kept beside, later labs untouched."""
    labs("begin", "1")
    (work / "labs" / LAB.name / "Dockerfile").write_text("FROM scratch\n")
    moved = json.loads(labs("goto", "3", "--json").stdout)
    assert [one["lab"] for one in moved][:2] == [one.name for one in reading.read()[:2]]
    assert Path(moved[0]["kept"], "Dockerfile").read_text() == "FROM scratch\n"
    solved = (LAB.solution / "Dockerfile").read_bytes()
    assert (work / "labs" / LAB.name / "Dockerfile").read_bytes() == solved
    assert not list((work / "labs").glob("03_*/Dockerfile"))


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("check",), 2, "labs list"),
        (("check", "late_argument"), 2, "late_arguments"),
        (("check", "99"), 2, "labs list"),
        (("check", "late_arguments"), 2, "labs begin late_arguments"),
        (("hint", "late_arguments"), 2, "labs begin late_arguments"),
        (("check", "1", "--answer", "/no/such/folder"), 2, "/no/such/folder"),
        (("check", "1", "--keep"), 2, "--keep"),
        (("progress", "--merge", "/no/such/file"), 5, "/no/such/file"),
        (("goto", "99"), 2, "1 to 17"),
    ],
)
def test_a_mistake_is_a_sentence_with_the_next_command(
    words: tuple[str, ...], code: int, said: str
) -> None:
    """And an exit code that a script can use; with --json it is JSON, too."""
    found = labs(*words)
    assert found.returncode == code, found.stderr
    assert said in found.stderr
    assert "Traceback" not in found.stderr


def test_a_rooms_files_become_a_table_and_a_picture(tmp_path: Path) -> None:
    """Each learner exports, by name or not; merged, nobody is lost and nothing is sent."""
    labs("begin", "1")
    files = [tmp_path / name for name in ("ada.json", "somebody.json", "ada-again.json")]
    for path, name in zip(files, ("Ada", "", "Ada"), strict=True):
        assert labs("progress", "--export", str(path), "--name", name).returncode == 0
    merged = ("progress", *(w for f in files for w in ("--merge", str(f))))
    picture = tmp_path / "room.svg"
    found = labs(*merged, "--plot", str(picture), "--json")
    data = json.loads(found.stdout.partition("\nDrawn")[0])
    assert data["learners"] == 3
    assert data["labs"][0]["begun"] == "3"
    assert picture.read_text().lstrip().startswith("<?xml")
    assert str(tmp_path) not in files[0].read_text()


@contextmanager
def terminal(*words: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The command in a terminal of its own."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, *words], stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    ) as process:
        os.close(theirs)
        try:
            yield process, ours
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            os.close(ours)


def read_until(end: int, text: str, before: str = "") -> str:
    """What the terminal shows until it has this text."""
    said, deadline = before, time.monotonic() + LIMIT_S
    while text not in said:
        assert time.monotonic() < deadline, f"no {text!r} in:\n{said}"
        if select.select([end], [], [], 1)[0]:
            said += os.read(end, 65536).decode("utf-8", "replace")
    return said


def test_watch_grades_at_each_save_and_ends_by_ctrl_c(work: Path) -> None:
    """A save ends the check that it makes pointless; the last one passes; Ctrl-C ends all."""
    copy = work / "labs" / LAB.name
    labs("begin", "1")
    with terminal("watch", "late_arguments") as (process, screen):
        said = read_until(screen, "It builds.")
        # The first check is still at work: this save makes it pointless.
        (copy / "Dockerfile").write_bytes((LAB.solution / "Dockerfile").read_bytes())
        said = read_until(screen, "Saved: Dockerfile", said)
        said = read_until(screen, "Passed", said)
        said = read_until(screen, "At work", said)
        assert "Traceback" not in said
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(60) == 130
