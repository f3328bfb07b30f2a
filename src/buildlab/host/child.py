"""The one runner of programs: to their end within a time limit, or for as long as a block lasts.

A program that is run to its end stays in this process's group, so that an interrupt reaches it
too. Whatever ends the call early, the time limit, an interrupt or a fault, kills it with all that
it started; a watchdog ends it where this process is killed.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from signal import SIGINT, SIGKILL
from typing import IO

from buildlab.errors import EngineError, TimedOut
from buildlab.host.process import descendants
from buildlab.host.watchdog import Watchdog

Argv = Sequence[str | os.PathLike[str]]
Process = subprocess.Popen[bytes]
Feed = Callable[[IO[bytes]], None]
"""Writes a program's input; it is closed afterwards."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended, and what it wrote: as bytes, and as text with plain line ends."""

    exit_code: int
    stdout: bytes
    stderr: bytes

    @property
    def ok(self) -> bool:
        return self.exit_code == 0

    @property
    def out(self) -> str:
        return _text(self.stdout)

    @property
    def err(self) -> str:
        return _text(self.stderr)

    def last(self, lines: int) -> str:
        """The last lines of what it said of itself, without empty ones."""
        said = [line for line in self.err.splitlines() if line.strip()]
        return "\n".join(said[-lines:])

    def require_ok(self, failed: str, hint: str = "", *, lines: int = 0) -> Ended:
        """Itself. Where it failed raises EngineError: what `failed`, then what the program said,
        or its last `lines` on lines of their own."""
        if self.ok:
            return self
        said = f"\n{self.last(lines)}" if lines else f" {self.err.strip()}"
        raise EngineError(f"{failed}:{said}", hint)


def run(
    argv: Argv,
    *,
    limit_s: float,
    env: Mapping[str, str] | None = None,
    cwd: Path | str | None = None,
    given: str | Feed = "",
    what: str = "",
    late: str = "",
    install: str = "",
) -> Ended:
    """Run a program to its end. What it exits with is the caller's to judge.

    `given` is its input, or writes it. Raises TimedOut, saying that `what` (the program's name,
    where that is not given) took too long and to do `late`; EngineError where it can't be
    started, saying to `install`.
    """
    text = given if isinstance(given, str) else ""
    stdin = subprocess.PIPE if given else subprocess.DEVNULL
    process = _start(argv, env, install, cwd=cwd, stdin=stdin, out=subprocess.PIPE)
    with process, _fed(process, None if isinstance(given, str) else given):
        try:
            with Watchdog(process.pid):
                stdout, stderr = process.communicate(text.encode() or None, timeout=limit_s)
        except subprocess.TimeoutExpired:
            _kill(process)
            name = what or Path(argv[0]).name
            raise TimedOut(f"{name} did not end within {limit_s:g} s", late) from None
        except BaseException:
            _kill(process)
            raise
    return Ended(process.returncode, stdout, stderr)


def said(argv: Argv, *, limit_s: float, env: Mapping[str, str] | None = None) -> str:
    """What a program prints, whatever it exits with; "" where it can't be run or takes longer."""
    try:
        return run(argv, limit_s=limit_s, env=env).out
    except (EngineError, TimedOut):
        return ""


@contextmanager
def kept(
    argv: Argv, *, env: Mapping[str, str], log: IO[bytes] | int = subprocess.DEVNULL
) -> Iterator[Process]:
    """A program that runs until the block ends, or this process does; it writes to `log`.

    It is in a session of its own: an interrupt of a notebook's cell is not meant for it.
    """
    with ended_with_us(_start(argv, env, out=log, session=True)) as process:
        yield process


@contextmanager
def shown(argv: Argv, grace_s: float = 30.0) -> Iterator[Process]:
    """A program that writes where this process does, and is interrupted when the block ends.

    It is in this process's group, so Ctrl-C has reached it already where that ends the block.
    Killed where it is still there after `grace_s` seconds.
    """
    with _start(argv, None, out=None) as process, Watchdog(process.pid, grace_s):
        try:
            yield process
            process.send_signal(SIGINT)
        finally:
            try:
                process.wait(grace_s)
            except subprocess.TimeoutExpired:
                _kill(process)


@contextmanager
def ended_with_us(process: Process, grace_s: float = 10.0) -> Iterator[Process]:
    """End the process when the block ends, or when this process does, however that ends.

    It is asked first, and killed where it is still there after `grace_s` seconds.
    """
    try:
        with Watchdog(process.pid, grace_s):
            yield process
    finally:
        process.terminate()
        try:
            process.wait(grace_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _start(
    argv: Argv,
    env: Mapping[str, str] | None,
    install: str = "",
    *,
    out: int | IO[bytes] | None,
    cwd: Path | str | None = None,
    stdin: int = subprocess.DEVNULL,
    session: bool = False,
) -> Process:
    """Output of both kinds to one file where `out` is one, to this process's where it is None,
    else each to a pipe of its own."""
    try:
        return subprocess.Popen(
            list(argv),
            env=None if env is None else dict(env),
            cwd=cwd,
            stdin=stdin,
            stdout=out,
            stderr=out if out in (None, subprocess.PIPE, subprocess.DEVNULL) else subprocess.STDOUT,
            start_new_session=session,
        )
    except OSError as fault:
        raise EngineError(f"{argv[0]} does not run: {fault.strerror}", install) from fault


@contextmanager
def _fed(process: Process, feed: Feed | None) -> Iterator[None]:
    """Write the program's input on a thread. Raises what `feed` raises."""
    if feed is None:
        yield
        return
    pipe, process.stdin = process.stdin, None  # `communicate` would close it
    assert pipe is not None
    with ThreadPoolExecutor(1) as pool:
        written = pool.submit(_write, pipe, feed)
        yield
    written.result()


def _write(pipe: IO[bytes], feed: Feed) -> None:
    with suppress(BrokenPipeError), pipe:  # it has ended early: its words and exit code say why
        feed(pipe)


def _kill(process: Process) -> None:
    """End it and all that it has started: what a child of its held open would be waited for."""
    below = descendants(process.pid)
    process.kill()
    for started in below:
        started.signal(SIGKILL)


def _text(written: bytes) -> str:
    return written.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
