"""The embedded engine beside another engine, which must not notice."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from buildlab.engine.embedded import instance, launch, shared
from buildlab.engine.embedded.fresh import fresh
from buildlab.host.settings import Settings

LIMIT_S = 60
PING_GATEWAY = "ping -c 1 -W 5 $(ip route | awk '/^default/ { print $3 }')"


class Other:
    """An engine that stands for the user's own: not started through the kit's shared one."""

    def __init__(self, running: instance.Instance, context: Path) -> None:
        self.running = running
        self.context = context

    def docker(self, *arguments: str) -> str:
        done = subprocess.run(
            [self.running.packages / "bin/docker", *arguments],
            env={
                "DOCKER_HOST": self.running.socket,
                "DOCKER_CONFIG": str(self.running.state_dir / "config"),
                "PATH": "/usr/bin:/bin",
            },
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def inventory(self) -> list[str]:
        """All that it holds, by id."""
        return [
            self.docker("image", "ls", "--all", "--no-trunc", "--quiet"),
            self.docker("ps", "--all", "--no-trunc", "--quiet"),
            self.docker("network", "ls", "--no-trunc", "--quiet"),
            self.docker("volume", "ls", "--quiet"),
            self.docker("buildx", "du", "--format={{.ID}} {{.Size}}"),
        ]

    def works(self, salt: str) -> None:
        """It runs a container, which reaches its gateway, and builds with a RUN step."""
        self.docker("run", "--rm", "other", "sh", "-c", PING_GATEWAY)
        self.docker("exec", "lasting", "sh", "-c", PING_GATEWAY)
        text = (self.context / "Dockerfile").read_text()
        file = self.context / f"{salt}.Dockerfile"
        file.write_text(text.replace("RUN date", f"RUN {PING_GATEWAY}; echo {salt}; date"))
        self.docker("buildx", "build", "--file", str(file), "--tag", salt, str(self.context))


@pytest.fixture
def other(engine_packages: Path, busybox_context: Path, tmp_path: Path) -> Iterator[Other]:
    state = tmp_path / "other"
    running = launch.start(state, engine_packages, name="other")
    plugins = state / "config" / "cli-plugins"
    plugins.mkdir(parents=True)
    (plugins / "docker-buildx").symlink_to(engine_packages / "bin/docker-buildx")
    engine = Other(running, busybox_context)
    engine.docker("buildx", "build", "--tag", "other", str(busybox_context))
    engine.docker("run", "--detach", "--name", "lasting", "other", "sleep", "3600")
    yield engine
    running.remove()


def test_three_times_beside_a_running_engine(
    private: Settings, other: Other, busybox_context: Path
) -> None:
    """Started and stopped three times, the engine changes nothing of one that runs beside it."""
    before = other.inventory()
    for cycle in range(3):
        engine = shared.ensure(private)
        argv = [*engine.buildx, "build", "--load", "--tag=mine", str(busybox_context)]
        subprocess.run(argv, env=engine.child_env(), check=True, capture_output=True)
        shared.stop(private)
        assert other.inventory() == before
        other.works(f"cycle{cycle}")
        before = other.inventory()
    shared.reset(private)
    assert other.inventory() == before
    other.works("end")


def test_all_kinds_run_at_once(
    new_home: Callable[[str], Settings], other: Other, busybox_context: Path
) -> None:
    """Two homes' engines, two fresh ones and another run at once, each with its own images."""
    first, second = shared.ensure(new_home("first")), shared.ensure(new_home("second"))
    with fresh(new_home("third")) as third, fresh(new_home("third")) as fourth:
        engines = (first, second, third, fourth)
        assert len({e.netns_pid for e in engines}) == 4
        for number, engine in enumerate(engines):
            argv = [*engine.buildx, "build", "--load", f"--tag=n{number}", str(busybox_context)]
            subprocess.run(argv, env=engine.child_env(), check=True, capture_output=True)
        for number, engine in enumerate(engines):
            argv = [*engine.cli, "image", "ls", "--format={{.Repository}}"]
            done = subprocess.run(
                argv, env=engine.child_env(), check=True, capture_output=True, text=True
            )
            assert done.stdout.split() == [f"n{number}"]
    other.works("atonce")
