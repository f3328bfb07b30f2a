"""A builder of our own inside the user's Docker: made, told from others', removed.

buildx names the parts: container `buildx_buildkit_NAME0`, volume `…_state`. Neither can be given
a label by buildx, so the volume is made first, with labels, and the container carries
`BUILDLAB_SESSION` in its environment. Both are looked at again before each removal.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from buildlab import loading
from buildlab.errors import EngineError
from buildlab.host import child, private

if TYPE_CHECKING:
    import docker

LABEL = "dev.buildlab"
SESSION_LABEL = "dev.buildlab.session"
SESSION_VARIABLE = "BUILDLAB_SESSION"
CONTAINER_LABEL = "dev.buildlab.container"
"""On each container that the kit runs: the labels above pass from an image to what others run."""
BUILDKIT_IMAGE = "moby/buildkit:buildx-stable-1"
BOOT_TIMEOUT_S = 300  # the first boot pulls the BuildKit image


@dataclass(frozen=True, slots=True)
class Made:
    """What the kit put into a user's Docker, written beside the builder's configuration."""

    address: str
    builder: str
    owner: str
    image: str
    buildkit_version: str = ""
    pulled: Mapping[str, str] = field(default_factory=dict)
    """Images that were not there before us: name → id."""

    @classmethod
    def read(cls, path: Path) -> Made | None:
        """The record in `path`; None where there is none, or one that can't be read."""
        return loading.kept(cls, path)

    def write(self, path: Path) -> None:
        private.write(path, json.dumps(asdict(self), indent=2) + "\n")


@dataclass(frozen=True, slots=True)
class Builder:
    """A docker-container builder called `name`, owned by `owner` (a home or a session)."""

    name: str
    owner: str
    buildx: tuple[str, ...]
    env: Mapping[str, str]

    @property
    def container(self) -> str:
        return f"buildx_buildkit_{self.name}0"

    @property
    def volume(self) -> str:
        return f"{self.container}_state"

    def create(self, api: docker.DockerClient, image: str, config: Path) -> str:
        """Make and boot it; returns the id of the BuildKit image if this pulled it, else "".

        Raises EngineError where the name is taken by a builder that isn't ours, or where
        BuildKit doesn't boot (its image can't be pulled).
        """
        found = container_of(api, self.container)
        if found is not None:
            if not owned(found, self.owner):
                raise EngineError(
                    f"a container {self.container} is there already, and it is not ours",
                    f"look at it (docker inspect {self.container}); remove it if it is left over",
                )
            found.remove(force=True)
        before = _image_id(api, image)
        api.volumes.create(self.volume, labels=labels(self.owner))
        with suppress(EngineError):  # a left-over entry of a removed container
            self._run("rm", "--keep-state", self.name, timeout_s=60)
        options = {
            "image": image,
            # A lab's registry listens on 127.0.0.1 of the engine's host, nowhere else.
            "network": "host",
            f"env.{SESSION_VARIABLE}": self.owner,
        }
        flags = [f"--driver-opt={k}={v}" for k, v in options.items()]
        try:
            self._run(
                "create", "--name", self.name, "--driver", "docker-container", *flags,
                "--buildkitd-config", str(config), "--bootstrap",
                timeout_s=BOOT_TIMEOUT_S,
            )  # fmt: skip
        except EngineError as e:
            self.remove(api)
            raise EngineError(
                f"BuildKit did not boot in your Docker from the image {image}: {e.message}",
                "name a BuildKit image that can be pulled here: export BUILDLAB_BUILDKIT_IMAGE=…",
            ) from e
        after = _image_id(api, image)
        return after if after != before else ""

    def running(self, api: docker.DockerClient) -> bool:
        """Whether its container runs and is ours."""
        found = container_of(api, self.container)
        return found is not None and found.status == "running" and owned(found, self.owner)

    def boot(self) -> None:
        """Start its container again, with its cache as it was. Raises EngineError."""
        self._run("inspect", "--bootstrap", self.name, timeout_s=BOOT_TIMEOUT_S)

    def buildkit_version(self) -> str:
        """BuildKit's version as it gives it, without the "v"; "" where it gives none."""
        return inspect_fields(self.buildx, self.env, self.name).get("BuildKit version", "")

    def stop(self) -> None:
        """Stop its container; the cache stays."""
        self._run("stop", self.name, timeout_s=60)

    def remove(self, api: docker.DockerClient) -> tuple[str, ...]:
        """Delete container, volume and entry, each only if it is ours; returns their names."""
        import docker

        gone = []
        container = container_of(api, self.container)
        if container is not None and owned(container, self.owner):
            container.remove(force=True, v=False)
            gone.append(self.container)
        with suppress(docker.errors.NotFound):
            volume = api.volumes.get(self.volume)
            if labels(self.owner).items() <= (volume.attrs.get("Labels") or {}).items():
                volume.remove()
                gone.append(self.volume)
        with suppress(EngineError):
            self._run("rm", "--force", "--keep-state", self.name, timeout_s=60)
        return tuple(gone)

    def _run(self, *args: str, timeout_s: float) -> str:
        return run_buildx(self.buildx, self.env, *args, timeout_s=timeout_s)


def labels(session: str) -> dict[str, str]:
    """What lets `clean` find an image, a volume or a network that the kit makes."""
    return {LABEL: "1", SESSION_LABEL: session}


def container_labels(session: str) -> dict[str, str]:
    """What lets `clean` find a container that the kit runs."""
    return {**labels(session), CONTAINER_LABEL: "1"}


def run_buildx(
    buildx: tuple[str, ...], env: Mapping[str, str], *args: str, timeout_s: float
) -> str:
    """What `docker buildx ARGS` prints. Raises EngineError with its last line, or TimedOut."""
    done = child.run(
        [*buildx, *args],
        env=env,
        limit_s=timeout_s,
        what=f"docker buildx {args[0]}",
        late="look at the network and the registry mirror: buildlab doctor",
        install="install the docker CLI",
    )
    if not done.ok:
        raise EngineError(done.last(1).removeprefix("ERROR: ") or "no message")
    return done.out


def inspect_fields(
    buildx: tuple[str, ...],
    env: Mapping[str, str],
    name: str,
    *,
    boot: bool = True,
    timeout_s: float = 60,
) -> dict[str, str]:
    """`docker buildx inspect NAME`: its first value for each field name. Raises EngineError."""
    flags = ("--bootstrap",) if boot else ()
    text = run_buildx(buildx, env, "inspect", *flags, name, timeout_s=timeout_s)
    fields: dict[str, str] = {}
    for line in text.splitlines():
        name_, colon, value = line.partition(":")
        if colon and not line.startswith(" "):
            fields.setdefault(name_.strip(), value.strip())
    if (version := fields.get("BuildKit version", "")).startswith("v"):
        fields["BuildKit version"] = version[1:]
    return fields


def owned(container: Any, owner: str) -> bool:
    """Whether a container says that it belongs to `owner`."""
    variables = container.attrs.get("Config", {}).get("Env") or ()
    return f"{SESSION_VARIABLE}={owner}" in variables


def container_of(api: docker.DockerClient, name: str) -> Any | None:
    """The container of this name; None where there is none."""
    import docker

    try:
        return api.containers.get(name)
    except docker.errors.NotFound:
        return None


def _image_id(api: docker.DockerClient, name: str) -> str:
    import docker

    try:
        return str(api.images.get(name).id)
    except docker.errors.ImageNotFound:
        return ""
