"""Start a registry, as a process or a container, that ends with this process however it ends."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import requests

from buildlab.engine import network
from buildlab.engine.docker import existing
from buildlab.engine.docker.owned import container_labels
from buildlab.engine.images.pulling import ASK_LIMIT_S, Reach, Unreachable
from buildlab.engine.model import Engine
from buildlab.errors import EngineError, TimedOut
from buildlab.host import child, private
from buildlab.host.process import wait_until
from buildlab.host.settings import Settings, tool_env
from buildlab.services.ports import host_inside

READY_LIMIT_S = 20
# The same registry by its older and its newer name; the first that is there is taken.
IMAGES = ("registry:3", "registry:2")


def program(packages: Path) -> Path:
    """Debian's docker-registry: the engine's packages hold it. Raises EngineError without it."""
    own = packages / "bin" / "docker-registry"
    found = str(own) if own.is_file() else shutil.which("docker-registry")
    if found is None:
        raise EngineError(
            "there is no registry to start: neither an image of one nor Debian's docker-registry",
            "docker pull registry:3, or: apt-get install docker-registry",
        )
    return Path(found)


@contextmanager
def process(engine: Engine, program: Path, storage: Path, port: int) -> Iterator[str]:
    """In the engine's own network, its port forwarded; else on this machine's loopback."""
    own = engine.can.own_network
    with network.forwarded(engine, port):
        config = _config(storage, f"{host_inside(own_network=own)}:{port}", access=not own)
        argv = engine.inside(str(program), "serve", str(config))
        with _kept(argv, storage / "log") as running:
            address = f"127.0.0.1:{port}"
            _wait(address, running, storage / "log")
            yield address


@contextmanager
def beside(engine: Engine, program: Path, storage: Path, address: str) -> Iterator[Path]:
    """The files of a running registry, served at the same address in another engine's network.

    Yields the file with its access log, complete after the block.
    """
    folder = Path(tempfile.mkdtemp(prefix="beside-", dir=storage))
    config = _config(storage, f"0.0.0.0:{address.rpartition(':')[2]}", folder, access=True)
    argv = engine.inside(str(program), "serve", str(config))
    log = folder / "log"
    with _kept(argv, log) as process:
        # Nobody here can ask it: its network is the other engine's.
        _until(lambda: "listening on" in log.read_text("utf-8", "replace"), process, log, address)
        yield log


def find_image(engine: Engine, settings: Settings) -> str | None:
    """An image of a registry that the engine has, or pulls now; None where it can have none."""
    import docker.errors

    client = engine.client()
    for name in IMAGES:
        with suppress(docker.errors.ImageNotFound):
            client.images.get(name)
            return name
    reach = Reach(settings.paths.images / "registries.json")
    try:
        reach.known(IMAGES[0])
        with reach.asking(IMAGES[0]):
            client.api.timeout = ASK_LIMIT_S
            client.api.inspect_distribution(IMAGES[0])  # type: ignore[no-untyped-call]
            client.api.timeout = 120
            pulled = client.images.pull(IMAGES[0])
    except Unreachable:
        return None
    existing.note_pulled(settings, engine, IMAGES[0], str(pulled.id))
    return IMAGES[0]


@contextmanager
def container(engine: Engine, image: str, storage: Path) -> Iterator[str]:
    """A container, published on a free port of the loopback of the engine's machine."""
    name = f"buildlab-registry-{secrets.token_hex(4)}"
    argv = [*engine.cli, "run", "--rm", "--name", name, "--publish", "127.0.0.1::5000"]
    argv += [f"--label={name}={value}" for name, value in container_labels(engine.session).items()]
    argv += ["--env", "REGISTRY_STORAGE_DELETE_ENABLED=true", "--env", "OTEL_TRACES_EXPORTER=none"]
    log = storage / "log"
    with _kept([*argv, image], log, engine.child_env()) as process:
        _until(lambda: bool(_published(engine, name)), process, log, "its container")
        address = f"127.0.0.1:{_published(engine, name)}"
        _wait(address, process, log)
        yield address


def _published(engine: Engine, name: str) -> str:
    """The port of the loopback behind which the container's registry is, "" while there is none."""
    import docker.errors

    try:
        ports = engine.client().containers.get(name).ports
    except docker.errors.NotFound:
        return ""
    return next((p["HostPort"] for p in ports.get("5000/tcp") or () if p.get("HostPort")), "")


def _config(
    storage: Path, address: str, folder: Path | None = None, *, access: bool = False
) -> Path:
    """Write the registry's configuration, as JSON, which is YAML too."""
    level = "info" if access else "warn"  # at info it says when it listens
    settings = {
        "version": "0.1",
        "log": {"level": level, "accesslog": {"disabled": not access}},
        "storage": {
            "filesystem": {"rootdirectory": str(storage / "data")},
            "delete": {"enabled": True},
        },
        "http": {"addr": address},
    }
    path = (folder or storage) / "config.json"
    private.write(path, json.dumps(settings))
    return path


@contextmanager
def _kept(
    argv: Sequence[str], log: Path, env: dict[str, str] | None = None
) -> Iterator[child.Process]:
    """Run a program until the block ends, or this process does."""
    # Variables of these names would change the registry's configuration.
    variables = {
        name: value
        for name, value in (env or tool_env()).items()
        if not name.startswith(("REGISTRY_", "OTEL_"))
    }
    with (
        os.fdopen(private.create(log), "wb") as output,
        child.kept(argv, env=variables, log=output) as process,
    ):
        yield process


def _wait(address: str, process: child.Process, log: Path) -> None:
    def answers() -> bool:
        with requests.Session() as session, suppress(requests.RequestException):
            session.trust_env = False
            return session.get(f"http://{address}/v2/", timeout=2).ok
        return False

    _until(answers, process, log, f"http://{address}/v2/")


def _until(condition: Callable[[], bool], process: child.Process, log: Path, what: str) -> None:
    """Wait for the condition. Raises EngineError if the registry ends, TimedOut if it's slow."""
    wait_until(lambda: process.poll() is not None or condition(), READY_LIMIT_S)
    if process.poll() is None and condition():
        return
    said = "\n".join(log.read_text("utf-8", "replace").splitlines()[-4:])
    if process.poll() is not None:
        raise EngineError(f"the registry ended at once:\n{said}", "buildlab doctor")
    raise TimedOut(
        f"waited {READY_LIMIT_S} s for {what} of the registry; its log says:\n{said}",
        "buildlab doctor",
    )
