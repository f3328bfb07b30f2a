"""Work beside a block: it runs at once, and the first fault ends all of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import psutil
import pytest

from buildlab.host.beside import Beside, Stopped
from buildlab.host.process import terminate

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
LIMIT_S = 30


class Broken(Exception):
    """A fault of a test."""


def sleep() -> None:
    """Wait for a child, as work waits for apt."""
    subprocess.run(SLEEP, check=True)


@pytest.fixture
def earlier() -> Iterator[subprocess.Popen[bytes]]:
    """A child that was there before."""
    with subprocess.Popen(SLEEP) as process:
        yield process
        process.kill()


def test_work_runs_beside_the_block() -> None:
    """Each waits for the other: one after the other, neither would end."""
    both = threading.Barrier(3, timeout=LIMIT_S)
    with Beside() as beside:
        works = [beside.start(both.wait) for _ in range(2)]
        both.wait()
    assert sorted(work.result() for work in works) != [0, 0]


def test_a_fault_in_work_ends_what_the_block_waits_for(
    earlier: subprocess.Popen[bytes],
) -> None:
    """The block's child ends, and the fault is the work's; an earlier child goes on."""
    begun = threading.Event()

    def broken() -> None:
        begun.wait(LIMIT_S)
        raise Broken

    with pytest.raises(Broken), Beside() as beside:
        beside.start(broken)
        with subprocess.Popen(SLEEP) as child:
            begun.set()
            child.wait(LIMIT_S)
        raise RuntimeError("a fault that follows from it")
    assert earlier.poll() is None


@pytest.mark.parametrize("fault", [Broken, KeyboardInterrupt])
def test_a_fault_in_the_block_ends_the_work(fault: type[BaseException]) -> None:
    """The work's child ends, and what asks is told to stop; the fault is the block's."""
    asked: list[str] = []

    def asking() -> None:
        while True:
            try:
                beside.check()
            except Stopped:
                asked.append("stopped")
                raise
            time.sleep(0.01)

    with pytest.raises(fault), Beside() as beside:
        beside.start(asking)
        beside.start(sleep)
        raise fault
    assert asked == ["stopped"]


def test_what_has_a_session_of_its_own_goes_on() -> None:
    """An engine that was started in the block is not ended with it."""
    engine: list[subprocess.Popen[bytes]] = []
    with suppress(Broken), Beside() as beside:
        engine.append(subprocess.Popen(SLEEP, start_new_session=True))
        beside.start(sleep)
        raise Broken
    with engine[0]:
        assert engine[0].poll() is None
        engine[0].kill()


def test_ctrl_c_is_no_fault_of_the_work() -> None:
    """A terminal ends children at once, whose work fails before the block hears of it."""

    def ended() -> None:
        raise Broken

    with pytest.raises(KeyboardInterrupt), Beside() as beside:
        with suppress(Broken):
            beside.start(ended).result()
        raise KeyboardInterrupt


def test_an_interrupt_ends_children_before_anything_waits_for_them() -> None:
    """The block itself may be waiting for a thread, whose child knows nothing of the interrupt."""
    with pytest.raises(KeyboardInterrupt), Beside(), ThreadPoolExecutor() as pool:
        pool.submit(sleep)
        os.kill(os.getpid(), signal.SIGINT)


GROUP = "sleep 600 & echo $!; wait"
WATCHED = """
import subprocess, sys, time
from buildlab.host.watchdog import Watchdog
group = subprocess.Popen(["sh", "-c", sys.argv[1]], stdout=subprocess.PIPE, process_group=0)
with Watchdog(-group.pid):
    print(group.stdout.readline().decode(), flush=True)
    time.sleep(600)
"""


def test_what_leads_a_group_ends_with_what_it_started() -> None:
    """mmdebstrap, asked alone, would wait until its system is complete."""
    argv = ["sh", "-c", GROUP]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, process_group=0) as leader:
        assert leader.stdout
        inner = psutil.Process(int(leader.stdout.readline()))
        terminate(leader.pid)
        assert leader.wait(LIMIT_S) == -signal.SIGTERM
        inner.wait(LIMIT_S)


def test_a_group_ends_with_who_is_killed() -> None:
    """The watchdog of a process that was killed ends the whole group."""
    argv = [sys.executable, "-c", WATCHED, GROUP]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as owner:
        assert owner.stdout
        inner = psutil.Process(int(owner.stdout.readline()))
        owner.kill()
        inner.wait(LIMIT_S)
