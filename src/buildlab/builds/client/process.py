"""Runs one client process: reads its events as they come, stops it in time, whatever happens."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO

from buildlab.errors import EngineError, TimedOut
from buildlab.host.watchdog import Watchdog

_DESCRIPTOR = re.compile(r"=(?:/dev|/proc/self)/fd/(\d{1,6})\b")
TICK_S = 0.1
GRACE_S = 2.0
"""How long a client that was asked to stop may take to tell the engine."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the client ended. `wall_s` is from start to exit, by the client's monotonic clock."""

    exit_code: int
    wall_s: float
    timed_out: bool = False
    interrupted: bool = False
    given_up: bool = False
    """Whether `GiveUp` ended it."""


class GiveUp:
    """Lets another thread end a client that `run` waits for."""

    def __init__(self) -> None:
        self.asked = False
        self.turn = threading.Event()
        """Set when there is something for `run` to do: the client has ended, or is to end."""

    def __call__(self) -> None:
        self.asked = True
        self.turn.set()


class _Reader(threading.Thread):
    """Feeds the lines of a pipe to `feed` until its end, and calls `tick` every `TICK_S`."""

    def __init__(
        self,
        fd: int,
        feed: Callable[[bytes], None],
        tick: Callable[[], None],
        turn: threading.Event,
    ) -> None:
        super().__init__(name="buildlab-reader", daemon=True)
        self._fd, self._feed, self._tick, self._turn = fd, feed, tick, turn
        self.ended = threading.Event()
        self.fault: BaseException | None = None

    def run(self) -> None:
        try:
            self._read()
        except BaseException as fault:
            self.fault = fault
        finally:
            self.ended.set()
            self._turn.set()

    def _read(self) -> None:
        poll = select.poll()
        poll.register(self._fd, select.POLLIN)
        rest, next_tick = b"", time.monotonic() + TICK_S
        while True:
            wait_s = max(0.0, next_tick - time.monotonic())
            if poll.poll(wait_s * 1000):
                chunk = os.read(self._fd, 1 << 16)
                if not chunk:
                    break
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    self._feed(line)
            if time.monotonic() >= next_tick:
                self._tick()
                next_tick = time.monotonic() + TICK_S
        if rest:
            self._feed(rest)


def run(
    argv: Sequence[str],
    env: Mapping[str, str],
    *,
    feed: Callable[[bytes], None],
    tick: Callable[[], None],
    timeout_s: float,
    stopping: Callable[[], None] = lambda: None,
    give_up: GiveUp | None = None,
    stdin: BinaryIO | None = None,
    stdout: int | None = None,
) -> Outcome:
    """Run `argv` in the caller's process group; `feed` gets its stderr line by line.

    `feed` and `tick` are called on a reader thread. The client is stopped when `timeout_s`
    seconds have passed, the caller is interrupted or `give_up` is called; each is told in the
    outcome, so that what was seen until then can be kept. `stopping` is called just before. The
    client reads `stdin`, from its begin, and writes to the file descriptor `stdout`; without them
    it has neither.
    Raises EngineError when the program can't be started.
    """
    start = time.monotonic()
    give_up = give_up or GiveUp()
    if stdin is not None:
        os.lseek(stdin.fileno(), 0, os.SEEK_SET)  # Python's own seek may stay in its buffer
    client = _start(
        argv,
        env,
        subprocess.DEVNULL if stdin is None else stdin.fileno(),
        subprocess.DEVNULL if stdout is None else stdout,
        subprocess.PIPE,
    )
    assert client.stderr is not None
    with client.stderr as pipe:
        reader = _Reader(pipe.fileno(), feed, tick, give_up.turn)
        timed_out = interrupted = given_up = False
        try:
            reader.start()
            with Watchdog(client.pid):
                timed_out = not give_up.turn.wait(timeout_s)
                given_up = give_up.asked and not reader.ended.is_set()
                if not timed_out and not given_up:
                    client.wait(timeout=GRACE_S)
        except KeyboardInterrupt:
            interrupted = True
        except subprocess.TimeoutExpired:
            pass  # the client closed its stderr and hangs: ended below
        finally:
            if client.poll() is None:
                stopping()
                _stop(client)
            wall_s = time.monotonic() - start
            reader.ended.wait(GRACE_S)
    if reader.fault is not None:
        raise reader.fault
    return Outcome(client.returncode, wall_s, timed_out, interrupted, given_up)


def hand_over(argv: Sequence[str], env: Mapping[str, str], *, timeout_s: float) -> int:
    """Run `argv` on this process's own input and outputs; its exit code.

    Raises TimedOut after `timeout_s` seconds, KeyboardInterrupt when interrupted, EngineError
    when the program can't be started; it is stopped by each.
    """
    client = _start(argv, env, None, None, None)
    try:
        with Watchdog(client.pid):
            return client.wait(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        raise TimedOut(
            f"docker was stopped after {timeout_s:g} s", "give a longer time limit: --timeout S"
        ) from None
    finally:
        if client.poll() is None:
            _stop(client)


def _start(
    argv: Sequence[str],
    env: Mapping[str, str],
    stdin: int | None,
    stdout: int | None,
    stderr: int | None,
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            list(argv),
            env=dict(env),
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            pass_fds=tuple(_descriptors(argv)),
        )
    except OSError as fault:
        raise EngineError(
            f"the docker client {argv[0]} can't be run: {fault.strerror}",
            "see what is wrong: buildlab doctor",
        ) from fault


def _descriptors(argv: Sequence[str]) -> Iterator[int]:
    """Open ones that words name, as a shell makes of `--secret id=x,src=<(command)`."""
    for word in argv:
        for found in _DESCRIPTOR.findall(word):
            with suppress(OSError):
                os.fstat(int(found))
                yield int(found)


def _stop(client: subprocess.Popen[bytes]) -> None:
    """Ask the client to stop, so that it tells the engine; kill it if it doesn't in time."""
    try:
        client.send_signal(signal.SIGINT)
        client.wait(timeout=GRACE_S)
    except subprocess.TimeoutExpired:
        client.kill()
        client.wait()
    except KeyboardInterrupt:  # a second Ctrl-C: now
        client.kill()
        client.wait()
