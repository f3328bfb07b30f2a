"""Reaching services in the engine's own network."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from buildlab.engine import network
from buildlab.engine.embedded import shared
from buildlab.engine.model import Engine
from buildlab.errors import EngineError
from buildlab.host.process import wait_until
from buildlab.host.settings import Settings
from buildlab.services.ports import free_port

LIMIT_S = 30


@pytest.fixture
def served(
    private: Settings, engine_packages: Path, busybox_context: Path
) -> Iterator[tuple[Engine, int]]:
    """A service inside an engine's network, and its port."""
    engine = shared.ensure(private)
    port = free_port()
    busybox = str(engine_packages / "bin/busybox")
    service = ("httpd", "-f", "-p", f"0.0.0.0:{port}", "-h", str(busybox_context))
    with subprocess.Popen(engine.inside(busybox, *service)) as process:
        ask = engine.inside(busybox, "wget", "-qO-", f"http://127.0.0.1:{port}/Dockerfile")
        assert wait_until(
            lambda: subprocess.run(ask, capture_output=True, check=False).returncode == 0, LIMIT_S
        )
        yield engine, port
        process.kill()


def get(port: int) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/Dockerfile", timeout=5) as answer:
        return bytes(answer.read())


def test_forwarded_only_within_the_block(served: tuple[Engine, int]) -> None:
    """A service is reached at the same address from both sides, from the host while forwarded."""
    engine, port = served
    with pytest.raises(OSError, match="refused"):
        get(port)
    with network.forwarded(engine, port):
        assert get(port).startswith(b"FROM scratch")
        with pytest.raises(EngineError, match=str(port)), network.forwarded(engine, port):
            pass
    with pytest.raises(OSError, match="refused"):
        get(port)


def test_build_on_the_engines_network_reaches_it(
    served: tuple[Engine, int], busybox_context: Path
) -> None:
    """A build step with the engine's network reaches the service at 127.0.0.1, a plain one not."""
    engine, port = served
    with (busybox_context / "Dockerfile").open("a") as file:
        file.write(f"RUN --network=host wget -qO- http://127.0.0.1:{port}/Dockerfile\n")
    argv = [*engine.buildx, "build", "--allow=network.host", str(busybox_context)]
    done = subprocess.run(
        argv, env=engine.child_env(), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


def test_host_loopback_is_out_of_reach(private: Settings, engine_packages: Path) -> None:
    """What listens on the host's loopback can't be reached from inside the engine's network."""
    engine = shared.ensure(private)
    busybox = str(engine_packages / "bin/busybox")
    port = free_port()
    with subprocess.Popen([busybox, "httpd", "-f", "-p", f"127.0.0.1:{port}"]) as process:
        for address in ("127.0.0.1", "10.0.2.2"):
            url = f"http://{address}:{port}/"
            ask = engine.inside(busybox, "wget", "-T", "2", "-qO-", url)
            done = subprocess.run(ask, capture_output=True, text=True, check=False, timeout=LIMIT_S)
            assert "404" not in done.stderr
            assert done.returncode != 0
        process.kill()


def test_an_engine_of_another_network_is_started_anew(private: Settings) -> None:
    """One that was started where there was no way out does not stay without one."""
    code = (
        "from pathlib import Path; from buildlab.engine.embedded import shared; "
        "from buildlab.host.settings import Settings; "
        f"s = Settings(home=Path({str(private.home)!r}), "
        f"packages_dir=Path({str(private.packages_dir)!r})); "
        "print(shared.ensure(s).netns_pid)"
    )
    done = subprocess.run(
        ["unshare", "--net", sys.executable, "-c", code],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert shared.ensure(private).netns_pid != int(done.stdout)
    assert shared.ensure(private).netns_pid == shared.ensure(private).netns_pid


def test_an_engine_of_another_network_in_use_is_left_alone(private: Settings) -> None:
    """Of two sessions on one home, the second hears what is the matter; the first goes on."""
    code = (
        "import sys; from pathlib import Path; from buildlab.engine.embedded import shared; "
        "from buildlab.host.settings import Settings; "
        f"s = Settings(home=Path({str(private.home)!r}), "
        f"packages_dir=Path({str(private.packages_dir)!r})); "
        "print(shared.ensure(s).netns_pid, flush=True); sys.stdin.read(); "
        "print(shared.ensure(s).netns_pid)"
    )
    argv = ["unshare", "--net", sys.executable, "-c", code]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        theirs = first.stdout.readline()
        with pytest.raises(EngineError, match=f"another network.*process {first.pid}") as told:
            shared.ensure(private)
        assert "buildlab engine stop" in told.value.hint
        assert "BUILDLAB_HOME" in told.value.hint
        said, _ = first.communicate(timeout=120)
    assert said == theirs
