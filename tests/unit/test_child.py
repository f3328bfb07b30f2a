"""Programs that are run to their end: what they say, their limit, and that none is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO

import psutil
import pytest

from buildlab.errors import EngineError, TimedOut
from buildlab.host import child
from buildlab.host.process import wait_until

LONG = "60.25"
"""Seconds that no other process sleeps."""


def left() -> list[psutil.Process]:
    """Processes of these tests that still run."""
    found = psutil.process_iter(["cmdline"])
    return [p for p in found if (p.info["cmdline"] or []) == ["sleep", LONG]]


@pytest.fixture(autouse=True)
def none_left() -> None:
    for process in left():  # of a run that was killed
        process.kill()


def shell(script: str, **more: object) -> child.Ended:
    return child.run(["sh", "-c", script], limit_s=20, **more)  # type: ignore[arg-type]


def test_both_outputs_and_the_exit_code() -> None:
    """They come apart, as bytes and as text: line ends are plain, what is no UTF-8 is replaced."""
    ended = shell(r"printf 'a\r\nb\rc'; printf '\377!' >&2; exit 3")
    assert (ended.exit_code, ended.ok) == (3, False)
    assert (ended.stdout, ended.out) == (b"a\r\nb\rc", "a\nb\nc")
    assert (ended.stderr, ended.err) == (b"\xff!", "\ufffd!")


def test_input_environment_and_folder(tmp_path: Path) -> None:
    """What is not given is empty, so that no program waits for a terminal."""
    assert shell("cat").out == ""
    assert shell("cat", given="told\n").out == "told\n"
    given = shell("pwd; echo $NAME", cwd=tmp_path, env={"PATH": os.environ["PATH"], "NAME": "x"})
    assert given.out.splitlines() == [str(tmp_path), "x"]


def test_failure_tells_what_the_program_said() -> None:
    """All of it, or its last lines; and what to do."""
    ended = shell("printf 'one\n\ntwo\nthree\n' >&2; exit 1")
    with pytest.raises(EngineError, match="it broke: one") as told:
        ended.require_ok("it broke", "mend it")
    assert told.value.hint == "mend it"
    with pytest.raises(EngineError, match="it broke:\ntwo\nthree"):
        ended.require_ok("it broke", lines=2)
    assert shell("true").require_ok("it broke").ok


def test_missing_program_is_named() -> None:
    """With what to install."""
    with pytest.raises(EngineError, match="no-such-program does not run: No such file") as told:
        child.run(["no-such-program"], limit_s=1, install="install it")
    assert told.value.hint == "install it"
    assert child.said(["no-such-program"], limit_s=1) == ""


def test_the_limit_ends_all_that_was_started() -> None:
    """Also what ignores requests to end, and what would hold the output open."""
    script = f"trap '' TERM INT; sleep {LONG} & (sleep {LONG} & wait) & wait"
    began_s = time.monotonic()
    with pytest.raises(TimedOut, match=r"^the sleeper did not end within 0.5 s") as told:
        child.run(["sh", "-c", script], limit_s=0.5, what="the sleeper", late="be quick")
    assert told.value.hint == "be quick"
    assert time.monotonic() - began_s < 5
    assert wait_until(lambda: not left(), 5)


def test_an_interrupt_ends_all_that_was_started() -> None:
    """And the caller is interrupted."""
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        shell(f"trap '' INT; sleep {LONG} & wait")
    assert wait_until(lambda: not left(), 5)


@pytest.mark.parametrize(
    "call",
    [
        f"child.run(['sleep', '{LONG}'], limit_s=60)",
        f"c = child.kept(['sleep', '{LONG}'], env=os.environ); c.__enter__(); time.sleep(60)",
    ],
    ids=["run", "kept"],
)
def test_none_outlives_a_killed_caller(call: str) -> None:
    """`kill -9` of the process that waits for it ends it too."""
    program = f"import os, time; from buildlab.host import child; {call}"
    with subprocess.Popen([sys.executable, "-c", program]) as caller:
        assert wait_until(lambda: bool(left()), 10)
        caller.kill()
    assert wait_until(lambda: not left(), 10)


def test_input_is_written_while_it_is_read() -> None:
    """More than a pipe holds; a program that ends early is judged by its words alone."""

    def feed(pipe: IO[bytes]) -> None:
        for _ in range(64):
            pipe.write(bytes(1 << 16))

    assert shell("wc -c", given=feed).out.strip() == str(64 << 16)
    assert shell("echo no >&2; exit 1", given=feed).err == "no\n"
    with pytest.raises(TimedOut):
        child.run(["sleep", LONG], limit_s=0.3, given=feed)
    assert not left()


def test_a_fault_of_the_input_is_the_callers() -> None:
    """What the program made of half of it is nobody's concern."""

    def feed(pipe: IO[bytes]) -> None:
        pipe.write(b"half")
        raise FileNotFoundError("the other half")

    with pytest.raises(FileNotFoundError):
        shell("cat", given=feed)


def test_kept_program_ends_with_its_block(tmp_path: Path) -> None:
    """It writes to its log meanwhile, and is killed where it will not end."""
    log = tmp_path / "log"
    script = ["sh", "-c", f"echo begun; echo said >&2; exec sleep {LONG}"]
    with log.open("wb") as file, child.kept(script, env=os.environ, log=file) as process:
        assert wait_until(lambda: log.read_text() == "begun\nsaid\n", 10)
        assert process.poll() is None
    assert process.poll() is not None
    assert not left()
