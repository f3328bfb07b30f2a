"""No build is left in the engine: interrupt, restart, kill -9 of what called `build()`."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from jupyter_client.manager import KernelManager

from buildlab.engine.model import Engine
from tests.engine.contexts import BASE, Context, context

__all__ = ["context"]

GONE_S = 2.0
PROGRAM = """
import pickle, sys, threading
from buildlab.builds import build
with open({pickled!r}, "rb") as f:
    engine = pickle.load(f)
def run():
    build({folder!r}, engine=engine, output="cache")
"""
WAITING = """
from buildlab.builds import between_builds, observing
class Waiting:
    started = progressed = finished = lambda *told: None
    def waiting(self, reason):
        print("now it waits")
with between_builds(engine, print), observing(Waiting()):
    run()
"""
CALLS = {"main thread": "run()", "thread": "t = threading.Thread(target=run); t.start(); t.join()"}


@pytest.fixture
def program(context: Context, lab_engine: Engine, tmp_path: Path) -> str:
    """Python code that defines `run()`, a build that takes a minute."""
    context.dockerfile(
        f"FROM {BASE}\nRUN i=0; while [ $i -lt 300 ]; do : {context.salt}; sleep 0.2; "
        "i=$((i+1)); done\n"
    )
    (tmp_path / "engine").write_bytes(pickle.dumps(lab_engine))
    return PROGRAM.format(pickled=str(tmp_path / "engine"), folder=str(context.path))


def building(salt: str) -> bool:
    """Whether the engine runs a step of this build: its shell is seen from the host."""
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
        except psutil.Error:
            continue
        if words[:2] == ["/bin/sh", "-c"] and salt in words[-1]:
            return True
    return False


def until(condition: Callable[[], bool], limit_s: float, what: str) -> float:
    """Seconds until the condition held. Fails where it doesn't within the limit."""
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < limit_s, what
        threading.Event().wait(0.02)
    return time.monotonic() - start


def until_gone(salt: str) -> None:
    until(lambda: not building(salt), GONE_S, f"the build goes on after {GONE_S} s")


@pytest.mark.parametrize(
    ("how", "call"),
    [
        # Python gives a signal to the main thread only; a terminal sends it to the whole group.
        ("interrupt", "main thread"),
        *((how, call) for how in ("interrupt the group", "terminate", "kill") for call in CALLS),
    ],
)
def test_no_build_outlives_its_process(context: Context, program: str, how: str, call: str) -> None:
    """However the calling process ends, its build ends within 2 s."""
    code = program + CALLS[call]
    with subprocess.Popen([sys.executable, "-c", code], start_new_session=True) as process:
        until(lambda: building(context.salt), 30, "the build never began")
        match how:
            case "interrupt":
                process.send_signal(signal.SIGINT)
            case "interrupt the group":
                os.killpg(process.pid, signal.SIGINT)
            case "terminate":
                process.terminate()
            case "kill":
                process.kill()
        until_gone(context.salt)
        process.wait(timeout=10)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("how", ["interrupt", "restart", "kill -9"])
def test_no_build_outlives_its_kernel_cell(
    context: Context, program: str, how: str, call: str
) -> None:
    """What a learner does to a running cell ends its build too."""
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        client.execute(program + CALLS[call])
        until(lambda: building(context.salt), 30, "the build never began")
        match how:
            case "interrupt":
                manager.interrupt_kernel()
            case "restart":
                manager.restart_kernel(now=True)
            case "kill -9":
                os.kill(manager.provisioner.pid, signal.SIGKILL)  # type: ignore[union-attr]
        until_gone(context.salt)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


@pytest.mark.parametrize("where", ["while it runs", "while it waits"])
def test_a_notebook_shows_the_sentence_and_no_frames(
    context: Context, program: str, lab_engine: Engine, where: str
) -> None:
    """Interrupting a cell says what became of the build, and where its record is; that is all."""
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    waits = where == "while it waits"
    code = program + (WAITING if waits else "run()")
    try:
        client.wait_for_ready(timeout=60)
        asked = client.execute(code)
        if waits:
            _message(client, "stream", asked, "now it waits")
        else:
            until(lambda: building(context.salt), 30, "the build never began")
        manager.interrupt_kernel()
        error = _message(client, "error", asked)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    told = "\n".join(error["traceback"])
    assert told.startswith("Interrupted: ")
    assert "in the engine" in told
    assert "Traceback" not in told and "File " not in told and "-->" not in told
    assert ("buildlab show " in told) == (not waits)


def _message(client: Any, kind: str, asked: str, text: str = "") -> dict[str, Any]:
    """The content of the next message of a cell that is of this kind and holds this text."""
    while True:
        message = client.get_iopub_msg(timeout=60)
        content: dict[str, Any] = message["content"]
        ours = message["parent_header"].get("msg_id") == asked
        if ours and message["msg_type"] == kind and text in str(content):
            return content


def test_interrupted_build_raises_and_keeps_what_was_seen(context: Context, program: str) -> None:
    """The caller gets KeyboardInterrupt, whose note names the saved record."""
    code = program + "try:\n    run()\nexcept KeyboardInterrupt as e:\n    print(*e.__notes__)\n"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        until(lambda: building(context.salt), 30, "the build never began")
        process.send_signal(signal.SIGINT)
        told = process.communicate(timeout=10)[0].decode()
    assert process.returncode == 0
    path = Path(told.strip().rpartition(" ")[2])
    assert context.salt in path.read_text()


def test_next_build_after_an_interrupt_is_right(
    context: Context, program: str, lab_engine: Engine
) -> None:
    """An interrupted step is not cached, and the lock is free."""
    from buildlab.builds import build
    from buildlab.record.steps import State

    with subprocess.Popen([sys.executable, "-c", program + "run()"]) as process:
        until(lambda: building(context.salt), 30, "the build never began")
        process.kill()
    context.dockerfile(f"FROM {BASE}\nRUN echo {context.salt}\n")
    record = build(context.path, engine=lab_engine, output="cache", timeout_s=30).require_ok()
    assert record.step("", 2).state is State.RAN
