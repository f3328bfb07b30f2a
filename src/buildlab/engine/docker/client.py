"""The user's docker CLI and buildx plugin: where they are, and which versions."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from buildlab.engine.docker.candidates import docker_config_dir, read_config
from buildlab.errors import EngineError
from buildlab.host import child

MINIMUM_BUILDX = (0, 13)
INSTALL_BUILDX = "install buildx: https://docs.docker.com/go/buildx/"

# Where Docker's packages, Debian, Homebrew and Docker Desktop put CLI plugins.
_SYSTEM_PLUGINS = (
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
    "/opt/homebrew/lib/docker/cli-plugins",
    "/Applications/Docker.app/Contents/Resources/cli-plugins",
)


@dataclass(frozen=True, slots=True)
class Client:
    """The programs that talk to an engine."""

    docker: Path
    buildx: Path
    buildx_version: str


def find_client(env: Mapping[str, str], user_home: Path) -> Client:
    """The docker CLI on PATH with its buildx. Raises EngineError naming what is missing."""
    docker = shutil.which("docker", path=env.get("PATH"))
    if docker is None:
        raise EngineError(
            "an engine answers, but there is no docker command on PATH",
            "install the docker CLI: https://docs.docker.com/engine/install/",
        )
    folder = docker_config_dir(env, user_home)
    for path in _plugin_paths(folder):
        if path.is_file():
            return Client(Path(docker), path, _checked_version(path))
    raise EngineError("docker has no buildx plugin, which runs every build here", INSTALL_BUILDX)


def _plugin_paths(config_dir: Path) -> Iterator[Path]:
    extra = read_config(config_dir).get("cliPluginsExtraDirs") or ()
    folders = (config_dir / "cli-plugins", *map(Path, extra), *map(Path, _SYSTEM_PLUGINS))
    for folder in folders:
        yield folder / "docker-buildx"


def _checked_version(plugin: Path) -> str:
    text = buildx_version(plugin)
    if (got := version_tuple(text)) < MINIMUM_BUILDX:
        needed = ".".join(map(str, MINIMUM_BUILDX))
        found = ".".join(map(str, got))
        raise EngineError(f"{plugin} is buildx {found}; {needed} is needed", INSTALL_BUILDX)
    return text


def buildx_version(plugin: Path) -> str:
    """A plugin's version, as "0.29.1". Raises EngineError where it does not run."""
    done = child.run(
        [plugin, "version"],
        limit_s=20,
        what=f"the buildx plugin {plugin}",
        late=INSTALL_BUILDX,
        install=INSTALL_BUILDX,
    )
    done.require_ok(f"the buildx plugin {plugin} does not run", INSTALL_BUILDX)
    match = re.search(r"\bv?(\d+\.\d+[\w.+~-]*)", done.out)
    return match[1] if match else done.out.strip()


def version_tuple(text: str) -> tuple[int, ...]:
    """Major and minor of a version; (0, 0) of a text that holds none."""
    match = re.search(r"(\d+)\.(\d+)", text)
    return (int(match[1]), int(match[2])) if match else (0, 0)
