"""The embedded engine: shared, found again, restarted, gone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from buildlab.engine.embedded import instance, shared
from buildlab.engine.model import Engine
from buildlab.engine.packages import ensuring
from buildlab.errors import EngineError
from buildlab.host.contents import MARK
from buildlab.host.process import ProcessId, wait_until
from buildlab.host.settings import Settings
from tests.engine.traces import Host, Traces, host_listeners

LIMIT_S = 60
ENSURE = "from buildlab.engine.embedded import shared; print(shared.ensure().netns_pid, flush=True)"


def start_elsewhere(settings: Settings, code: str = ENSURE) -> subprocess.Popen[str]:
    """Another process with these settings."""
    env = {
        **os.environ,
        "BUILDLAB_HOME": str(settings.home),
        "BUILDLAB_PACKAGES": str(settings.paths.packages),
    }
    return subprocess.Popen(
        [sys.executable, "-c", code], env=env, stdout=subprocess.PIPE, text=True
    )


def docker(engine: Engine, *arguments: str) -> str:
    """Standard output of a docker command that must succeed."""
    argv = [*engine.cli, *arguments]
    done = subprocess.run(
        argv, env=engine.child_env(), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def build(engine: Engine, context: Path, *flags: str) -> str:
    """The progress of a build that must succeed."""
    argv = [*engine.buildx, "build", "--progress=plain", "--load", *flags, str(context)]
    done = subprocess.run(
        argv, env=engine.child_env(), capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def dockerd_pid(running: instance.Instance) -> int:
    """The engine's main process: the child of its namespaces' first process."""
    children = Path(f"/proc/{running.init_pid}/task/{running.init_pid}/children")
    for pid in children.read_text().split():
        if Path(f"/proc/{pid}/comm").read_text().strip() == "dockerd":
            return int(pid)
    raise AssertionError("no dockerd")


def found(settings: Settings) -> instance.Instance:
    running = shared.find(settings)
    assert running is not None
    return running


def test_processes_share_one_engine(private: Settings) -> None:
    """Processes that ask at the same moment get the same engine, and one asked later does too."""
    asking = [start_elsewhere(private) for _ in range(4)]
    answers = {p.communicate(timeout=LIMIT_S)[0].strip() for p in asking}
    assert answers == {str(shared.ensure(private).netns_pid)}


def test_survives_the_death_of_its_starter(private: Settings) -> None:
    """The engine goes on when the process that started it is killed."""
    starter = start_elsewhere(private, ENSURE + "; import time; time.sleep(600)")
    assert starter.stdout is not None
    pid = int(starter.stdout.readline())
    starter.kill()
    starter.communicate(timeout=LIMIT_S)
    assert found(private).init_pid == pid


@pytest.mark.parametrize("delay_s", [0.0, 0.05, 0.1, 0.2, 0.3, 0.5])
def test_starter_killed_while_starting(private: Settings, delay_s: float) -> None:
    """A starter killed at any moment leaves no second engine, and the next start succeeds."""
    code = "print(flush=True); " + ENSURE + "; import time; time.sleep(600)"
    starter = start_elsewhere(private, code)
    assert starter.stdout is not None
    starter.stdout.readline()
    wait_until(lambda: False, delay_s)
    starter.kill()
    starter.communicate(timeout=LIMIT_S)
    shared.ensure(private)
    running = found(private)
    mine = Traces.of(running)
    shared.stop(private)
    assert not mine.left()
    assert _processes_naming(private.home) == []


@pytest.mark.parametrize("victim", ["dockerd", "init", "supervisor"])
def test_killed_engine_comes_back_with_images_and_cache(
    private: Settings, busybox_context: Path, victim: str
) -> None:
    """After kill -9 the next use starts it again; images and build cache are as before."""
    engine = shared.ensure(private)
    build(engine, busybox_context, "--tag", "kept")
    image = docker(engine, "image", "inspect", "--format={{.Id}}", "kept")
    running = found(private)
    victims = {
        "dockerd": dockerd_pid(running),
        "init": running.init_pid,
        "supervisor": running.supervisor.pid,
    }
    _kill(victims[victim])
    again = shared.ensure(private)
    assert again.netns_pid != engine.netns_pid
    assert docker(again, "image", "inspect", "--format={{.Id}}", "kept") == image
    assert build(again, busybox_context).count("CACHED") == 3
    assert docker(again, "run", "--rm", "kept").strip().isdigit()


def test_killed_mid_build(private: Settings, busybox_context: Path) -> None:
    """After kill -9 during a build the next one is right and earlier steps are still cached."""
    engine = shared.ensure(private)
    build(engine, busybox_context)
    with (busybox_context / "Dockerfile").open("a") as dockerfile:
        dockerfile.write("RUN echo begun; sleep 60\n")
    argv = [*engine.buildx, "build", "--progress=plain", str(busybox_context)]
    building = subprocess.Popen(argv, env=engine.child_env(), stderr=subprocess.PIPE, text=True)
    assert building.stderr is not None
    assert any(line.split()[-1:] == ["begun"] for line in building.stderr)
    os.kill(dockerd_pid(found(private)), signal.SIGKILL)
    building.communicate(timeout=LIMIT_S)
    assert building.returncode != 0
    text = (busybox_context / "Dockerfile").read_text().replace("sleep 60", "sleep 0")
    (busybox_context / "Dockerfile").write_text(text)
    assert build(shared.ensure(private), busybox_context).count("CACHED") == 3


def test_without_its_network_it_is_restarted(private: Settings, busybox_context: Path) -> None:
    """An engine whose user-mode network was killed is replaced by one with a network."""
    shared.ensure(private)
    before = found(private)
    _kill(before.uplink.pid)
    engine = shared.ensure(private)
    assert found(private).uplink != before.uplink
    build(engine, busybox_context)


def test_lost_state_file(private: Settings) -> None:
    """Where the file that names the running engine is lost, there is still only one engine."""
    shared.ensure(private)
    lost = found(private)
    (private.paths.engine / "instance.json").unlink()
    shared.ensure(private)
    for process in (lost.supervisor, lost.init, lost.uplink):
        assert wait_until(partial(_ended, process), LIMIT_S)


def test_state_file_of_another_process(private: Settings) -> None:
    """A state file whose process numbers now belong to others is not believed, nobody is killed."""
    shared.ensure(private)
    shared.stop(private)
    mine = {"pid": os.getpid(), "started": 1, "boot": "x"}
    state = {"name": "x", "packages": "x", "address": "x"}
    state |= dict.fromkeys(("supervisor", "init", "uplink"), mine)  # type: ignore[arg-type]
    (private.paths.engine / "instance.json").write_text(json.dumps(state))
    assert shared.find(private) is None
    shared.stop(private)
    shared.ensure(private)


def test_stop_keeps_images_and_leaves_nothing_running(
    private: Settings, busybox_context: Path
) -> None:
    """Stopping ends all processes, even running containers; images are there after a start."""
    engine = shared.ensure(private)
    build(engine, busybox_context, "--tag", "kept")
    docker(engine, "run", "--detach", "kept", "sleep", "600")
    traces = Traces.of(found(private))
    assert shared.stop(private)
    assert traces.left() == []
    assert shared.find(private) is None
    assert not shared.stop(private)
    assert "kept" in docker(shared.ensure(private), "image", "ls")


def test_reset_leaves_nothing(
    private: Settings, engine_packages: Path, busybox_context: Path
) -> None:
    """After a reset the host's processes, mounts, links, rules and cgroups are as before."""
    before = Host.now(engine_packages, private.home)
    engine = shared.ensure(private)
    build(engine, busybox_context, "--tag", "x")
    docker(engine, "run", "--detach", "--publish", "8080:80", "x", "sleep", "600")
    docker(engine, "network", "create", "other")
    running = found(private)
    traces = Traces.of(running)
    assert traces.left()
    shared.reset(private)
    assert traces.left() == []
    assert Host.now(engine_packages, private.home) == before
    assert _processes_naming(private.home) == []
    assert {p.name for p in private.home.iterdir()} <= {MARK, "locks", "modules"}  # downloads stay
    assert ensuring.present(engine_packages) is not None


def test_a_reset_engine_can_be_started_again(private: Settings) -> None:
    """A reset isn't the end: the next use starts an empty engine."""
    shared.ensure(private)
    shared.reset(private)
    assert docker(shared.ensure(private), "image", "ls", "--quiet") == ""


def test_listens_on_no_tcp_port(private: Settings) -> None:
    """The engine and its network listen on unix sockets only, and only root may open them."""
    shared.ensure(private)
    running = found(private)
    assert host_listeners(running.uplink.pid) == []
    assert host_listeners(running.supervisor.pid) == []
    inside, outside = (Path(f"/proc/{p}/ns/net") for p in (running.init_pid, "self"))
    assert inside.readlink() != outside.readlink()
    assert running.socket_path.parent.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", ["with space", "ünï-コード", "co:lon,comma", "long-" + "x" * 120])
def test_odd_home_folders(
    new_home: Callable[[str], Settings], busybox_context: Path, name: str
) -> None:
    """The engine works in a home folder with any name, and cleans up after itself there."""
    settings = new_home(name)
    engine = shared.ensure(settings)
    build(engine, busybox_context, "--tag", "odd")
    assert docker(engine, "run", "--rm", "odd").strip().isdigit()
    folder = found(settings).socket_path.parent
    shared.reset(settings)
    assert not folder.exists()


def test_home_that_cannot_be_written(private: Settings, tmp_path: Path) -> None:
    """Where BUILDLAB_HOME can't be a folder, the message names it and the hint says what to set."""
    (tmp_path / "file").touch()
    settings = Settings(home=tmp_path / "file" / "home")
    with pytest.raises(EngineError, match=r"can't write to .*file/home") as caught:
        shared.ensure(settings)
    assert "BUILDLAB_HOME" in caught.value.hint


def _ended(process: ProcessId) -> bool:
    return not process.alive()


def _kill(pid: int) -> None:
    """Kill a process, and wait until it is dead."""
    os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: ProcessId.of(pid) is None, LIMIT_S)


def _processes_naming(folder: Path) -> list[str]:
    """Command lines of other processes that name this folder."""
    found_lines = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in line and int(file.parent.name) != os.getpid():
            found_lines.append(line)
    return found_lines
