"""What breaks around a build gets a name: engine killed, disk full, a registry that is silent."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from buildlab.builds import build
from buildlab.builds.lock import measuring
from buildlab.engine.embedded import shared
from buildlab.engine.model import Engine
from buildlab.errors import BuildlabError, DiskFull, EngineError, TimedOut
from buildlab.host.settings import Settings
from buildlab.record.steps import State, StepKey
from buildlab.record.words import record_text
from tests.engine.contexts import Context, context
from tests.engine.test_build_interrupt import building, until

__all__ = ["context"]

SILENT = """
import socket
with socket.create_server(("127.0.0.1", 0)) as server:
    print(server.getsockname()[1], flush=True)
    kept = []
    while True:
        kept.append(server.accept())
"""


@contextmanager
def silent_server(engine: Engine) -> Iterator[int]:
    """The port of a server that accepts and never answers, where the engine can reach it."""
    inside = []
    if engine.netns_pid is not None:
        inside = ["nsenter", "-t", str(engine.netns_pid), "-n"]
    argv = [*inside, sys.executable, "-c", SILENT]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield int(server.stdout.readline())
        finally:
            server.kill()


def test_silent_registry_ends_at_the_time_limit(context: Context, lab_engine: Engine) -> None:
    """A registry that accepts and never answers is named, and nothing hangs."""
    context.dockerfile(f"FROM scratch\nCOPY f /{context.salt}\n")
    context.write("f", context.salt)
    with silent_server(lab_engine) as port:
        source = f"127.0.0.1:{port}/cache"
        with pytest.raises(TimedOut, match=f"waiting for .*{source}"):
            build(
                context.path,
                f"--cache-from=type=registry,ref={source}",
                engine=lab_engine,
                output="cache",
                timeout_s=3,
            )


def test_silent_proxy_ends_at_the_time_limit(
    context: Context, lab_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that never comes is named too."""
    with silent_server(lab_engine) as port:
        context.dockerfile(f"FROM scratch\nADD http://127.0.0.1:{port}/{context.salt} /f\n")
        with pytest.raises(TimedOut, match=f"waiting for .*{context.salt}"):
            build(context.path, engine=lab_engine, output="cache", timeout_s=3)


def test_silent_engine_ends_at_the_time_limit(context: Context, lab_engine: Engine) -> None:
    """An engine's address where something listens and never answers."""
    path = context.path.parent / "s"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        host = f"unix://{path}"
        silent = replace(lab_engine, env={**lab_engine.env, "DOCKER_HOST": host}, socket=host)
        context.dockerfile("FROM scratch\nCOPY Dockerfile /\n")
        with pytest.raises(TimedOut, match="waiting for the engine's first answer"):
            build(context.path, engine=silent, output="cache", timeout_s=2)


@pytest.fixture
def slow(busybox_context: Path, context: Context) -> Context:
    """A build of a minute that needs no base image."""
    shutil.copy(busybox_context / "busybox", context.path / "busybox")
    context.dockerfile(
        "FROM scratch\nCOPY busybox /bin/sh\nCOPY busybox /bin/sleep\n"
        f"RUN i=0; while [ $i -lt 300 ]; do : {context.salt}; sleep 0.2; i=$((i+1)); done\n"
    )
    return context


def test_engine_killed_mid_build_is_named_and_comes_back(
    private: Settings, slow: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the step that ran, and the next build on the engine is right."""
    monkeypatch.setenv("BUILDLAB_HOME", str(private.home))
    engine = shared.ensure(private)
    assert engine.netns_pid is not None
    pid = engine.netns_pid

    def kill() -> None:
        until(lambda: building(slow.salt), 30, "the build never began")
        os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(EngineError, match=rf"stopped answering while it ran .*{slow.salt}") as died:
        build(slow.path, engine=engine, output="cache", timeout_s=60)
    killer.join()
    assert "buildlab show" in died.value.__notes__[0]
    slow.dockerfile("FROM scratch\nCOPY busybox /bin/sh\nRUN echo fine\n")
    again = shared.ensure(private)
    assert build(slow.path, engine=again, output="cache", timeout_s=60).require_ok().steps


@pytest.fixture
def small_disk(private: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """A private home on a disk of 64 MB."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    private.home.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(private.home)]
    subprocess.run(mount, check=True)
    monkeypatch.setenv("BUILDLAB_HOME", str(private.home))
    yield private
    shared.stop(private)
    subprocess.run(["umount", "-l", str(private.home)], check=True)


def test_full_disk_of_the_engine_is_named(small_disk: Settings, slow: Context) -> None:
    """No space for the engine's data: how much is free, where, and what to type."""
    engine = shared.ensure(small_disk)
    shutil.copy(slow.path / "busybox", slow.path / "dd")
    slow.dockerfile(
        "FROM scratch\nCOPY busybox /bin/sh\nCOPY busybox /bin/dd\n"
        "RUN dd if=/dev/urandom of=/big bs=1M count=62; echo kept\n"
        f"RUN dd if=/dev/urandom of=/{slow.salt} bs=1M count=62\n"
    )
    with pytest.raises(DiskFull, match=r"\d+ bytes are free") as full:
        build(slow.path, engine=engine, output="cache", timeout_s=60)
    assert "buildlab engine reset" in full.value.hint


@pytest.mark.parametrize(
    "flag",
    ["--output={}/new", "--output=type=tar,dest={}/x.tar", "--cache-to=type=local,dest={}/cache"],
)
def test_no_space_for_a_result_is_not_the_engines(
    flag: str, context: Context, busybox_context: Path, tmp_path: Path, lab_engine: Engine
) -> None:
    """The place that is full is named, with its bytes; the engine's results are in no doubt."""
    small = tmp_path / "small disk"
    small.mkdir()
    shutil.copy(busybox_context / "busybox", context.path / "busybox")
    context.dockerfile("FROM scratch\nCOPY busybox /bin/sh\n")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(small)], check=True)
    try:
        with pytest.raises(DiskFull, match="small disk") as caught:
            build(context.path, flag.format(small), engine=lab_engine, output="none")
        assert "bytes are free" in caught.value.message
        assert "reset" not in caught.value.hint
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_no_space_of_a_tmpfs_is_a_failed_build(slow: Context, lab_engine: Engine) -> None:
    """A step's own small tmpfs is its own fault: a record, with a warning."""
    slow.dockerfile(
        "FROM scratch\nCOPY busybox /bin/sh\nCOPY busybox /bin/dd\n"
        "RUN --mount=type=tmpfs,target=/t,size=1048576 dd if=/dev/zero of=/t/f bs=1M count=2\n"
    )
    record = build(slow.path, engine=lab_engine, output="cache")
    assert not record.ok
    if lab_engine.kind == "embedded":
        assert "no space" in [w.rule for w in record.warnings]


def test_full_disk_of_the_client_is_named(
    context: Context, lab_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No space for the kit's own files: how much is free, and where."""

    def full(*_: object) -> Path:
        raise OSError(28, "No space left on device", str(context.path / "x"))

    monkeypatch.setattr("buildlab.builds.asked.preparing.guarded", full)
    context.dockerfile("FROM scratch\n")
    with pytest.raises(DiskFull, match=r"\d+ bytes are free"):
        build(context.path, engine=lab_engine)


def test_unwritable_home_is_named(
    context: Context, lab_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A home that can't be written names the variable that moves it."""
    context.dockerfile("FROM scratch\n")
    monkeypatch.setenv("BUILDLAB_HOME", str(context.path / "Dockerfile" / "home"))
    with pytest.raises(BuildlabError, match="BUILDLAB_HOME"):
        build(context.path, engine=lab_engine)


def test_second_build_waits_for_the_first(tmp_path: Path) -> None:
    """One measurement at a time: the second is told why it waits, and gives up at its limit."""
    told: list[str] = []
    with (
        measuring(tmp_path, "e", waiting=told.append, timeout_s=1),
        pytest.raises(TimedOut, match="another build"),
        measuring(tmp_path, "e", waiting=told.append, timeout_s=0.2),
    ):
        pass
    assert told
    with measuring(tmp_path, "e", waiting=told.append, timeout_s=1):
        pass
    assert len(told) == 1


def test_step_that_swallows_a_full_disk_is_not_used_again(
    small_disk: Settings, slow: Context
) -> None:
    """Its record names it, and with space again the step runs anew: nothing is cut short."""
    engine = shared.ensure(small_disk)
    for name in ("dd", "wc", "rm", "sleep"):
        os.link(slow.path / "busybox", slow.path / name)
    # Space is free again when the step ends, so that BuildKit can keep what it made.
    quiet = "dd if=/dev/zero bs=1M 2>/dev/null"
    slow.dockerfile(
        "FROM scratch\nCOPY busybox /bin/sh\nCOPY dd wc rm sleep /bin/\n"
        f"RUN {quiet} of=/slack count=4; {quiet} of=/big count=8; sleep 0.5; rm /slack; "
        f"wc -c /big; : {slow.salt}\nRUN : {slow.salt}\n"
    )
    fill = small_disk.home / "fill"
    fill.write_bytes(bytes(shutil.disk_usage(small_disk.home).free - (19 << 20)))
    record = build(slow.path, engine=engine, output="cache", timeout_s=60).require_ok()
    assert StepKey("", 3) in record.suspect
    assert "RUN dd" in next(w.message for w in record.warnings if w.rule == "disk full")
    assert "suspect" in record_text(record)
    fill.unlink()
    again = build(slow.path, engine=engine, output="cache", timeout_s=60).require_ok()
    assert again.step("", 3).state is State.RAN
    assert f"{8 << 20} /big" in again.step("", 3).output
    assert not again.suspect
    third = build(slow.path, engine=engine, output="cache", timeout_s=60).require_ok()
    assert third.step("", 3).state is State.CACHED
