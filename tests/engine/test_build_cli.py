"""`buildlab build` on a real engine, as typed in a shell."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from buildlab.engine.model import Engine
from tests.engine.contexts import BASE, Context, context
from tests.engine.test_build_interrupt import building, until, until_gone

__all__ = ["context"]


def typed(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "buildlab", *words]
    return subprocess.run(argv, cwd=cwd, capture_output=True, text=True, check=False, timeout=120)


def shown_command(done: subprocess.CompletedProcess[str]) -> str:
    """The line with the literal command; another build may have been waited for before it."""
    return next(line for line in done.stderr.splitlines() if line.startswith("$ "))


@pytest.mark.usefixtures("lab_engine")
def test_build_shows_its_command_and_saves_the_record(context: Context) -> None:
    """The literal command, the steps, where the record is; `show` finds it again."""
    context.dockerfile(f"FROM {BASE} AS only\nRUN echo {context.salt}\n")
    flags = ("--target", "only", "--output=type=cacheonly")
    done = typed("build", "--title", context.salt, *flags, ".", cwd=context.path)
    assert done.returncode == 0, done.stderr
    assert shown_command(done).startswith("$ docker buildx build --progress=plain ")
    assert "--target only --output=type=cacheonly ." in done.stderr
    assert f"RUN echo {context.salt}" in done.stdout
    path = done.stderr.rpartition("Saved: ")[2].strip()
    shown = typed("show", path, "--json", cwd=context.path)
    assert json.loads(shown.stdout)["title"] == context.salt
    Path(path).unlink()


@pytest.mark.usefixtures("lab_engine")
def test_json_is_the_only_output(context: Context) -> None:
    """What a script reads is JSON from first to last byte."""
    context.dockerfile("FROM scratch\nCOPY Dockerfile /\n")
    done = typed("build", "--json", "-o", "type=cacheonly", ".", cwd=context.path)
    assert done.stderr == ""
    assert json.loads(done.stdout)["exit_code"] == 0


@pytest.mark.usefixtures("lab_engine")
@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("build", "."), 4, "exit code: 9"),
        (("build", "nowhere"), 2, "there is no folder nowhere"),
        (("build", "-f", "nowhere", "."), 2, "there is no nowhere"),
        (("build", "--bogus", "."), 2, "--bogus"),
        (("build", "--pull"), 2, "no CONTEXT is named"),
        (("build", "--timeout", "0", "."), 2, "a time limit of 0 s"),
        (("build", "--timeout=nan", "."), 2, "a time limit of nan s"),
        (("--builder", "nope-none", "build", "."), None, "nope-none"),
    ],
)
def test_bad_input_has_an_exit_code_and_a_hint(
    context: Context, words: tuple[str, ...], code: int | None, message: str
) -> None:
    """Never a traceback."""
    context.dockerfile(f"FROM {BASE}\nRUN exit 9\n")
    done = typed(*words, cwd=context.path)
    assert done.returncode == code or (code is None and done.returncode in (2, 3))
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_context_may_come_first(context: Context, lab_engine: Engine) -> None:
    """`build . -t x`, as many people type it, is the same build as with CONTEXT at the end."""
    context.dockerfile("FROM scratch AS one\nCOPY Dockerfile /\nFROM scratch\n")
    done = typed("build", ".", "--target", "one", "-o", "type=cacheonly", cwd=context.path)
    assert done.returncode == 0, done.stderr
    assert "COPY Dockerfile /" in done.stdout
    assert shown_command(done).endswith("--target one -o type=cacheonly .")


@pytest.mark.usefixtures("lab_engine")
def test_save_keeps_the_record_of_a_failed_build(context: Context) -> None:
    """The file is there, and is what --json prints, however the build ended."""
    context.dockerfile(f"FROM {BASE}\nRUN : {context.salt}; exit 9\n")
    done = typed("build", ".", "--save", "../failed.json", "--json", cwd=context.path)
    assert done.returncode == 4
    assert json.loads(done.stdout) == json.loads((context.path / "../failed.json").read_text())
    context.dockerfile(f"FROM {BASE}\nRUN : {context.salt}; sleep 60; true\n")
    words = ("build", "--timeout=2", ".", "--save=../late.json", "--output=type=cacheonly")
    done = typed(*words, cwd=context.path)
    assert done.returncode == 6
    assert "late.json" in done.stderr
    late = json.loads((context.path / "../late.json").read_text())
    assert "stopped after 2 s" in late["failure"]["message"]
    shown = typed("show", "../late.json", cwd=context.path)
    assert shown.returncode == 0
    assert "sleep 60" in shown.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=str)
def test_save_keeps_the_record_of_a_stopped_build(
    context: Context, lab_engine: Engine, number: signal.Signals
) -> None:
    """Ctrl-C, a CI runner that cancels, a closed terminal: 130, the file, nothing left running."""
    context.dockerfile(f"FROM {BASE}\nRUN : {context.salt}; sleep 60; true\n")
    words = ("build", ".", "--save", "../stopped.json", "--output=type=cacheonly")
    argv = [sys.executable, "-m", "buildlab", *words]
    with subprocess.Popen(
        argv, cwd=context.path, start_new_session=True, stderr=subprocess.PIPE, text=True
    ) as process:
        until(lambda: building(context.salt), 30, "the build never began")
        os.kill(process.pid, number)
        until_gone(context.salt)
        told = process.communicate(timeout=20)[1]
    assert process.returncode == 130, told
    record = json.loads((context.path / "../stopped.json").read_text())
    assert context.salt in record["steps"][-1]["instruction"]
    assert "stopped.json" in told


def test_ctrl_c_ends_the_build(context: Context, lab_engine: Engine) -> None:
    """A terminal's Ctrl-C goes to the whole process group: exit code 130, nothing left."""
    context.dockerfile(f"FROM {BASE}\nRUN : {context.salt}; sleep 60; true\n")
    argv = [sys.executable, "-m", "buildlab", "build", "--output=type=cacheonly", "."]
    with subprocess.Popen(
        argv, cwd=context.path, start_new_session=True, stderr=subprocess.PIPE, text=True
    ) as process:
        until(lambda: building(context.salt), 30, "the build never began")
        os.killpg(process.pid, signal.SIGINT)
        until_gone(context.salt)
        told = process.communicate(timeout=10)[1]
    assert process.returncode == 130
    assert "what was seen until then: buildlab show" in told
