"""Running one client process: lines, ticks, time limit, interrupt, a parent that dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil

from buildlab.builds.client import process


def run(script: str, timeout_s: float = 20.0) -> tuple[process.Outcome, list[bytes], list[float]]:
    lines: list[bytes] = []
    ticks: list[float] = []
    outcome = process.run(
        ["sh", "-c", script],
        {"PATH": os.environ["PATH"]},
        feed=lines.append,
        tick=lambda: ticks.append(time.monotonic()),
        timeout_s=timeout_s,
    )
    return outcome, lines, ticks


def test_all_lines_arrive_whole() -> None:
    """No line is lost or cut, the last one without its newline included."""
    script = "i=0; while [ $i -lt 5000 ]; do echo line $i >&2; i=$((i+1)); done; printf end >&2"
    outcome, lines, _ = run(script + "; exit 3")
    assert outcome.exit_code == 3
    assert lines == [*(b"line %d" % i for i in range(5000)), b"end"]


def test_ticks_come_while_nothing_is_said() -> None:
    """A quiet step still moves the clock of a live view."""
    _, _, ticks = run("sleep 0.65")
    assert len(ticks) >= 5


def test_time_limit_ends_the_client() -> None:
    """The limit holds, also for a client that ignores the request to stop."""
    start = time.monotonic()
    outcome, _, _ = run("exec sleep 60", timeout_s=0.2)
    assert outcome.timed_out
    assert time.monotonic() - start < 2
    outcome, _, _ = run("trap '' INT; while :; do sleep 0.05; done", timeout_s=0.2)
    assert outcome.timed_out
    assert outcome.exit_code == -signal.SIGKILL


def test_another_thread_can_end_the_client() -> None:
    """It is told apart from a time limit; what was seen until then stays."""
    give_up, lines = process.GiveUp(), list[bytes]()

    def feed(line: bytes) -> None:
        lines.append(line)
        give_up()

    argv = ["sh", "-c", "echo seen >&2; exec sleep 60"]
    outcome = process.run(
        argv, os.environ, feed=feed, tick=lambda: None, timeout_s=20, give_up=give_up
    )
    assert outcome.given_up
    assert not outcome.timed_out
    assert not outcome.interrupted
    assert lines == [b"seen"]
    assert outcome.wall_s < 3


def test_interrupt_stops_the_client_and_is_told() -> None:
    """Ctrl-C ends the client, and the caller still gets what was seen."""
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    start = time.monotonic()
    outcome, lines, _ = run("echo seen >&2; exec sleep 60")
    assert outcome.interrupted
    assert lines == [b"seen"]
    assert time.monotonic() - start < 3


def test_fault_in_feed_is_raised_and_the_client_ended() -> None:
    """A fault of the reader is never a hang."""

    def feed(_: bytes) -> None:
        raise ValueError("bad line")

    try:
        process.run(
            ["sh", "-c", "echo x >&2; sleep 1"], {}, feed=feed, tick=lambda: None, timeout_s=20
        )
    except ValueError as fault:
        assert str(fault) == "bad line"
    else:
        raise AssertionError("the fault was swallowed")


def test_watchdog_ends_the_client_of_a_killed_parent(tmp_path: Path) -> None:
    """`kill -9` of the process that builds leaves no client behind."""
    pid_file = tmp_path / "pid"
    program = f"""
import os
from buildlab.builds.client import process
process.run(["sh", "-c", "echo $$ > {pid_file}.new; mv {pid_file}.new {pid_file}; exec sleep 60"],
            os.environ, feed=print, tick=lambda: None, timeout_s=60)
"""
    with subprocess.Popen([sys.executable, "-c", program]) as parent:
        until(pid_file.exists)
        client = psutil.Process(int(pid_file.read_text()))
        # The watchdog starts right after the client.
        until(lambda: any("buildlab-watchdog" in c.cmdline() for c in children(parent.pid)))
        parent.kill()
    until(lambda: not client.is_running() or client.status() == psutil.STATUS_ZOMBIE)


def test_nothing_stays_after_a_normal_end() -> None:
    """The watchdog goes home with the build."""
    run("true")
    assert not [c for c in children(os.getpid()) if "buildlab-watchdog" in words(c)]


def children(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children()


def words(process: psutil.Process) -> list[str]:
    """Its command line; none of a process that has ended and that nobody has waited for."""
    try:
        return process.cmdline()
    except psutil.ZombieProcess:
        return []


def until(condition: object, limit_s: float = 5.0) -> None:
    assert callable(condition)
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        threading.Event().wait(0.02)
