"""Who holds a lock is named, and one who was stopped is not waited for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from buildlab.builds.lock import measuring
from buildlab.engine.embedded import shared
from buildlab.errors import TimedOut
from buildlab.host import holding
from buildlab.host.paths import Home

PROGRAM = """
import sys, time
from filelock import FileLock
with FileLock(sys.argv[1]):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "locks").mkdir(mode=0o700)
    return tmp_path / "locks" / "engine.lock"


@pytest.fixture
def other(file: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock."""
    argv = [sys.executable, "-c", PROGRAM, str(file)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def test_holder_is_told_by_number_and_command(file: Path, other: subprocess.Popen[str]) -> None:
    """Who waits hears for whom; a lock that is free has no holder."""
    found = holding.holder(file)
    assert found is not None
    assert found.process.pid == other.pid
    assert "python" in found.words
    assert holding.holder(file.with_name("none")) is None
    heard: list[holding.Holder | None] = []
    with pytest.raises(holding.StillHeld) as told:
        holding.acquire(FileLock(file), 0.1, heard.append)
    assert told.value.holder == found
    assert heard == [found]


def test_engine_lock_of_a_stopped_process_is_named_with_a_cure(
    file: Path, other: subprocess.Popen[str]
) -> None:
    """Nobody waits minutes for a process that somebody stopped; it stays as it is."""
    os.kill(other.pid, signal.SIGSTOP)
    began = time.monotonic()
    home = Home(file.parent.parent, file.parent)
    with (
        pytest.raises(TimedOut, match=f"process {other.pid}, stopped in its tracks") as told,
        shared.locked(home, "engine", stopped_s=0.1),
    ):
        raise AssertionError("it was had")
    assert told.value.hint.startswith(f"kill -CONT {other.pid}")
    assert time.monotonic() - began < 30
    assert other.poll() is None


def test_who_builds_is_named_to_who_waits(tmp_path: Path) -> None:
    """A build that waits for another says for which process."""
    said: list[str] = []
    with (
        measuring(tmp_path, "an engine", waiting=said.append, timeout_s=1),
        pytest.raises(
            TimedOut, match=f"another build on this engine to end: process {os.getpid()}"
        ),
        measuring(tmp_path, "an engine", waiting=said.append, timeout_s=0.1),
    ):
        raise AssertionError("it was had")
    assert f"process {os.getpid()}" in said[0]


def test_who_waits_alone_says_so_and_may_stop(file: Path, other: subprocess.Popen[str]) -> None:
    """It hears again and again that it waits, so that what ends it there ends it soon."""
    heard: list[str] = []

    def tell(text: str) -> None:
        heard.append(text)
        if len(heard) == 2:
            raise InterruptedError

    with pytest.raises(InterruptedError), holding.alone(file, tell, 60):
        pass
    assert heard[0] == heard[1] and str(other.pid) in heard[0]


def test_who_waits_alone_does_not_wait_for_ever(file: Path, other: subprocess.Popen[str]) -> None:
    """After the limit it is an error that names who holds the lock, and what to type."""
    with pytest.raises(TimedOut) as told, holding.alone(file, lambda _: None, 0.1):
        pass
    assert str(other.pid) in told.value.message and f"kill {other.pid}" in told.value.hint
