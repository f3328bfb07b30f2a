"""The registry: reached under one address by engine and machine, gone with who started it."""

from __future__ import annotations

import base64
import pickle
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import requests

from buildlab.engine.model import Engine
from buildlab.errors import EngineError
from buildlab.host.process import wait_until
from buildlab.services.registry import Registry, registry

pytestmark = pytest.mark.engine


@pytest.fixture
def shop(lab_engine: Engine) -> Iterator[Registry]:
    with registry(lab_engine) as running:
        yield running


def _push(engine: Engine, folder: Path, ref: str, text: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "Dockerfile").write_text(f"FROM scratch\nCOPY Dockerfile /\nLABEL text={text}\n")
    subprocess.run(
        [*engine.buildx, "build", "--push", f"--tag={ref}", str(folder)],
        env=engine.child_env(),
        capture_output=True,
        check=True,
        timeout=120,
    )


def test_push_then_ask(shop: Registry, lab_engine: Engine, tmp_path: Path) -> None:
    """What the engine pushes under the address is what the registry says it has."""
    ref = f"{shop.address}/team/app:1"
    _push(lab_engine, tmp_path / "app", ref, "one")
    assert shop.repositories() == ("team/app",)
    assert shop.tags("team/app") == shop.tags(f"{shop.address}/team/app") == ("1",)
    assert shop.digest(ref) == shop.digest("team/app:1")
    assert shop.digest(f"{ref}@{shop.digest(ref)}") == shop.digest(ref)
    assert shop.total_bytes() == shop.size_bytes(ref) > 0


def test_tag_moves(shop: Registry, lab_engine: Engine, tmp_path: Path) -> None:
    """A tag points to what was pushed last; the older image keeps its digest, and can return."""
    ref = f"{shop.address}/base:1"
    _push(lab_engine, tmp_path / "base", ref, "one")
    first = shop.digest(ref)
    assert shop.retag(ref, f"{shop.address}/base:kept") == first
    _push(lab_engine, tmp_path / "base", ref, "two")
    assert shop.digest(ref) != first == shop.digest("base:kept")
    shop.retag("base:kept", "base:1")
    assert shop.digest(ref) == first
    with pytest.raises(EngineError, match="another repository"):
        shop.retag("base:1", "other:1")


def test_what_is_not_there(shop: Registry) -> None:
    """An unknown repository has no tags; an unknown reference is an error with a hint."""
    assert shop.tags("nothing") == ()
    with pytest.raises(EngineError, match="404") as caught:
        shop.digest("nothing:1")
    assert "push" in caught.value.hint


def test_two_at_once(lab_engine: Engine) -> None:
    """Two registries have an address and content each, and neither takes port 5000."""
    with registry(lab_engine) as one, registry(lab_engine) as two:
        assert one.address != two.address
        assert not {one.address, two.address} & {"127.0.0.1:5000"}
        assert one.storage != two.storage


def test_listens_on_loopback_only(shop: Registry) -> None:
    """On this machine nothing but loopback listens for the registry."""
    port = int(shop.address.rpartition(":")[2])
    addresses = {
        c.laddr[0]
        for c in psutil.net_connections("tcp")
        if c.status == psutil.CONN_LISTEN and c.laddr and c.laddr[1] == port
    }
    assert addresses == {"127.0.0.1"}


def test_nothing_is_left(lab_engine: Engine) -> None:
    """After the block neither its port answers nor its files exist."""
    with registry(lab_engine) as shop:
        assert _answers(shop.address)
    assert not _answers(shop.address)
    assert shop.storage is not None
    assert not shop.storage.exists()


def test_failure_keeps_the_files(lab_engine: Engine) -> None:
    """Where the block fails, the registry's files stay, and the error says where."""
    with pytest.raises(ValueError, match="mine") as caught, registry(lab_engine) as shop:
        raise ValueError("mine")
    kept = Path(caught.value.__notes__[0].rpartition(" ")[2])
    assert (kept / "log").is_file()
    assert not _answers(shop.address)
    with pytest.raises(ValueError, match="again"), registry(lab_engine):
        raise ValueError("again")
    assert not kept.exists(), "one is evidence, many are a full disk"


_HOLDER = """
import base64, pickle, sys
from buildlab.services.registry import registry
with registry(pickle.loads(base64.b64decode(sys.argv[1]))) as shop:
    print(shop.address, shop.storage, flush=True)
    sys.stdin.read()
"""


def _holder(engine: Engine, *prefix: str) -> subprocess.Popen[str]:
    """Another process that has a registry until its input ends."""
    pickled = base64.b64encode(pickle.dumps(engine)).decode()
    return subprocess.Popen(
        [*prefix, sys.executable, "-c", _HOLDER, pickled],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_dies_with_its_owner(lab_engine: Engine) -> None:
    """Nothing of a registry runs on when the process that started it is killed."""
    with _holder(lab_engine) as holder:
        assert holder.stdout
        address, storage = holder.stdout.readline().split()
        assert _answers(address)
        assert _processes(storage)
        holder.kill()
        assert wait_until(lambda: not _answers(address) and not _processes(storage), 5)
    assert Path(storage).exists()
    with registry(lab_engine) as shop:
        assert not Path(storage).exists(), "the next registry sweeps"
        assert _answers(shop.address)


def _processes(storage: str) -> list[psutil.Process]:
    """Those that have this folder on their command line, but for who holds the registry."""
    return [
        p
        for p in psutil.process_iter(["cmdline", "status"])
        if p.info["status"] != psutil.STATUS_ZOMBIE
        and any(storage in word for word in p.info["cmdline"] or ())
    ]


def _answers(address: str) -> bool:
    try:
        return requests.get(f"http://{address}/v2/", timeout=2).ok
    except requests.RequestException:
        return False


def _as_docker(engine: Engine) -> tuple[Engine, tuple[str, ...]]:
    """An embedded engine as the Docker of a machine that has the engine's network."""
    if engine.kind != "embedded":
        pytest.skip("needs an engine in a network of its own")
    enter = ("nsenter", f"--net=/proc/{engine.netns_pid}/ns/net", "--")
    return replace(engine, kind="docker", netns_pid=None), enter


def test_beside_a_docker_without_a_registry_image(lab_engine: Engine, tmp_path: Path) -> None:
    """An existing Docker without an image of a registry gets one on its machine's loopback."""
    engine, enter = _as_docker(lab_engine)
    with _holder(engine, *enter) as holder:
        assert holder.stdout and holder.stdin
        address, storage = holder.stdout.readline().split()
        _push(lab_engine, tmp_path / "app", f"{address}/app:1", "one")
        holder.stdin.close()
        assert holder.wait(20) == 0
    assert not Path(storage).exists()


def test_as_a_container(lab_engine: Engine, engine_packages: Path, tmp_path: Path) -> None:
    """An existing Docker with an image of a registry runs it as a container, gone with its
    owner."""
    from buildlab.engine import images
    from buildlab.engine.embedded import fresh

    _as_docker(lab_engine)
    with fresh.fresh(images=images.for_fresh(lab_engine)) as runner:
        _registry_image(runner, engine_packages, tmp_path)
        engine, enter = _as_docker(runner)
        with _holder(engine, *enter) as holder:
            assert holder.stdout and holder.stdin
            address, storage = holder.stdout.readline().split()
            assert storage == "None"
            _push(runner, tmp_path / "app", f"{address}/app:1", "one")
            (container,) = runner.client().containers.list()
            assert container.labels["dev.buildlab.session"] == runner.session
            published = container.ports["5000/tcp"] or []
            assert [p["HostIp"] for p in published] == ["127.0.0.1"]
            holder.kill()
            assert wait_until(
                lambda: not runner.client().containers.list(all=True, ignore_removed=True), 15
            )


def _registry_image(engine: Engine, packages: Path, folder: Path) -> None:
    """An image as the published one: it listens on port 5000."""
    program = (packages / "bin/docker-registry").resolve()
    (folder / "docker-registry").write_bytes(program.read_bytes())
    (folder / "docker-registry").chmod(0o755)
    (folder / "config.yml").write_text(
        "version: 0.1\nstorage: {filesystem: {rootdirectory: /data}}\nhttp: {addr: ':5000'}\n"
    )
    (folder / "Dockerfile").write_text(
        "FROM debian:trixie-slim\nCOPY docker-registry config.yml /\n"
        'ENTRYPOINT ["/docker-registry", "serve", "/config.yml"]\n'
    )
    subprocess.run(
        [*engine.buildx, "build", "--load", "--tag=registry:2", str(folder)],
        env=engine.child_env(),
        capture_output=True,
        check=True,
        timeout=120,
    )
