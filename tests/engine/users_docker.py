"""A Docker that plays the user's: an engine of its own, with images, cache, builders, contexts."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import docker

from buildlab.engine import inventory
from buildlab.engine.embedded import launch
from buildlab.engine.embedded.instance import Instance
from buildlab.host.settings import Settings


@dataclass(frozen=True)
class Picture:
    """All of the user's that must stay as it is."""

    items: frozenset[inventory.Item]
    cache: frozenset[str]
    files: tuple[tuple[str, str], ...]
    builders: str
    contexts: str


@dataclass(frozen=True)
class UsersDocker:
    """`home` is the user's home folder; `env` what their shell has set."""

    instance: Instance
    home: Path
    env: dict[str, str]

    @property
    def address(self) -> str:
        return self.instance.socket

    def run(self, *argv: str, text: str | None = None) -> str:
        """A docker command as the user types it."""
        program = str(self.instance.packages / "bin/docker")
        done = subprocess.run(
            [program, *argv], env={**self.env, "DOCKER_HOST": self.address}, input=text,
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"docker {' '.join(argv)}: {done.stderr}"
        return done.stdout

    @contextmanager
    def api(self) -> Iterator[docker.DockerClient]:
        client = docker.DockerClient(base_url=self.address)
        try:
            yield client
        finally:
            client.close()

    def picture(self, settings: Settings) -> Picture:
        """What is there now. Files first: the user's own commands write their activity."""
        files = tuple(inventory.user_files(settings).items())
        with self.api() as api:
            found, cache = frozenset(inventory.items(api)), inventory.cache_records(api)
        copy = self.home.with_name("home-copy")
        subprocess.run(["cp", "-a", f"{self.home}/.", str(copy)], check=True)
        env = {**self.env, "HOME": str(copy), "DOCKER_HOST": self.address}
        program = str(self.instance.packages / "bin/docker")
        said = [
            subprocess.run(
                [program, *argv], env=env, capture_output=True, text=True, check=True, timeout=60
            ).stdout
            for argv in (("buildx", "ls"), ("context", "ls"))
        ]
        subprocess.run(["rm", "-rf", str(copy)], check=True)
        return Picture(found, cache, files, *said)


def start(folder: Path, packages: Path) -> UsersDocker:
    """The engine, with an empty user's configuration around it."""
    instance = launch.start(folder / "engine", packages, name="users-docker")
    home = folder / "home"
    plugins = home / ".docker/cli-plugins"
    plugins.mkdir(parents=True)
    (plugins / "docker-buildx").symlink_to(packages / "bin/docker-buildx")
    config = {"auths": {"registry.example": {"auth": "dXNlcjpwYXNz"}}, "psFormat": "{{.Names}}"}
    (home / ".docker/config.json").write_text(json.dumps(config))
    env = {"HOME": str(home), "PATH": f"{packages / 'bin'}:/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
    return UsersDocker(instance, home, env)


def furnish(user: UsersDocker, context: Path, buildkit_archive: Path, buildkit_image: str) -> None:
    """What a developer has after some weeks: images, cache, cache mounts, a builder, a context."""
    user.run("load", "--input", str(buildkit_archive))
    user.run("build", "--tag", "users/app:1", "--label", "users=1", str(context))
    (context / "Dockerfile").write_text(
        "FROM users/app:1\n"
        "RUN --mount=type=cache,target=/root/.cache/go-build echo theirs > "
        "/root/.cache/go-build/marker\n"
    )
    user.run("build", "--tag", "users/app:2", str(context))
    user.run("volume", "create", "--label", "dev.other=1", "users-data")
    user.run("network", "create", "users-net")
    user.run(
        *("run", "--detach", "--name", "users-db", "--network", "users-net"),
        *("--volume", "users-data:/data", "users/app:1", "sleep", "100000"),
    )
    user.run("context", "create", "colleague", "--docker", "host=tcp://192.0.2.1:2376")
    user.run(
        *("buildx", "create", "--name", "team", "--driver", "docker-container", "--use"),
        *("--driver-opt", f"image={buildkit_image}", "--bootstrap"),
    )
