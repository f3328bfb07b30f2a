"""What the rest of the kit knows of an engine: an address, a CLI, a builder, and what it can do."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from buildlab.engine.abilities import OF_KIND, Abilities, Kind
from buildlab.errors import EngineError
from buildlab.record.engineinfo import EngineInfo

if TYPE_CHECKING:
    import docker

API_TIMEOUT_S = 60
TLS_VARIABLES = ("DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH")


@dataclass(frozen=True, slots=True)
class Engine:
    """One engine, ready to build. Made by `buildlab.engine`, never by hand.

    `buildx` is the argv prefix of every build (`…/docker buildx`), `cli` that of the plain CLI.
    `env` holds the variables that every child process gets; None removes one that the user set.
    `socket` is the docker API's address ("unix:///…", or as a docker context names it), None
    where there is only a BuildKit.
    `build_contexts` maps an image name in FROM to where a local equivalent of it lies, for
    builders that can't see the engine's images. `netns_pid` is a process inside the network
    namespace that a service must join to be reached by the engine, None for the host's own.
    """

    kind: Kind
    info: EngineInfo
    cli: tuple[str, ...]
    buildx: tuple[str, ...]
    env: Mapping[str, str | None]
    builder: str
    session: str
    """Unique to this use of the engine; on every label, tag and cache mount namespace."""
    socket: str | None = None
    build_contexts: Mapping[str, str] = field(default_factory=dict)
    netns_pid: int | None = None
    fresh: bool = False
    near: bool = True
    """Whether its builds are in the network of the machine that its socket is on."""
    state_dir: Path | None = None
    """The state folder of an engine of the kit's own, None for every other."""

    @property
    def can(self) -> Abilities:
        """What it can do; the only question that is asked of its kind."""
        return replace(
            OF_KIND[self.kind],
            own_network=self.netns_pid is not None,
            docker_api=self.socket is not None,
            reach_us=self.netns_pid is not None or (self.near and self._on_this_machine),
        )

    @property
    def _on_this_machine(self) -> bool:
        """Not in a virtual machine either, whose loopback is another."""
        return (self.socket or "").startswith("unix://") and sys.platform == "linux"

    @property
    def name(self) -> str:
        """How sentences call it."""
        return self.info.called

    @property
    def log(self) -> Path | None:
        """The log of an engine of the kit's own; None where another keeps it."""
        return self.state_dir / "engine.log" if self.state_dir is not None else None

    @property
    def emptied_by(self) -> str:
        """What to type for an empty cache."""
        kept = self.can.keep_images  # the base images are deleted with it
        return "buildlab engine reset && buildlab setup" if kept else "buildlab clean"

    def base(self, name: str) -> str:
        """For --build-context: where it has the base image of this name; "" where nowhere."""
        held = f"docker-image://{name}" if self.can.keep_images else ""
        return held or self.build_contexts.get(name, "")

    def inside(self, *argv: str) -> tuple[str, ...]:
        """The argv that runs `argv` in its network: as it is where that is this machine's."""
        if self.netns_pid is None:
            return argv
        return ("nsenter", f"--net=/proc/{self.netns_pid}/ns/net", "--", *argv)

    def child_env(self) -> dict[str, str]:
        """The environment for a child process: the caller's, with `env` laid over it."""
        merged: dict[str, str | None] = {**os.environ, **self.env}
        return {k: v for k, v in merged.items() if v is not None}

    def docker_api(self, lack: str = "there is no docker API") -> str:
        """The address of its API. Raises EngineError, saying what it has to `lack` without one."""
        if self.socket is None:
            raise EngineError(
                f"{self.name} is BuildKit alone: {lack}",
                "use an engine with a docker API: unset BUILDLAB_BUILDER",
            )
        return self.socket

    def client(self) -> docker.DockerClient:
        """A docker SDK client, for all but builds. Raises EngineError without a docker API."""
        import docker.errors

        from buildlab.engine.docker.dockers import connect

        address = self.docker_api()
        # Only what the kit set: what the user's environment says is for their own Docker.
        tls = {name: value for name in TLS_VARIABLES if (value := self.env.get(name))}
        try:
            return connect(address, tls, API_TIMEOUT_S)
        except docker.errors.DockerException as e:
            raise EngineError(
                f"{self.info.name} does not answer: {e}", "see what is wrong: buildlab doctor"
            ) from e
