"""`Engine.client()`: the docker API of each kind of address that a docker context may name."""

from __future__ import annotations

import ssl
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import HTTPServer
from pathlib import Path

import certifi
import pytest

from buildlab.engine.docker import dockers
from buildlab.engine.docker.candidates import Candidate
from buildlab.engine.model import Engine
from buildlab.errors import EngineError
from buildlab.record.engineinfo import EngineInfo
from tests.engine.fake_docker import handler, listening

# Plays the far end of `ssh HOST docker system dial-stdio`: its input and output are a socket's.
SSH = """#!{python}
import os, socket, sys, threading
far = socket.socket(socket.AF_UNIX)
far.connect({socket!r})
def up():
    while data := os.read(0, 65536):
        far.sendall(data)
threading.Thread(target=up, daemon=True).start()
while data := far.recv(65536):
    os.write(1, data)
"""


def engine(address: str | None, **env: str | None) -> Engine:
    info = EngineInfo("docker", name="the team's Docker")
    return Engine("docker", info, (), (), env, "default", "session", socket=address)


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose name leaves room for a socket's."""
    with tempfile.TemporaryDirectory(prefix="bl-") as folder:
        yield Path(folder)


@contextmanager
def behind_tls(folder: Path) -> Iterator[str]:
    """A docker API that asks who connects; `folder` has the files that a client needs."""
    make_certificates(folder)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=folder / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    server = HTTPServer(("127.0.0.1", 0), handler())
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"tcp://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def make_certificates(folder: Path) -> None:
    """One certificate that is its own authority, for server and client."""
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
            *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")),
        ],
        check=True,
        capture_output=True,
        timeout=60,
    )
    (folder / "ca.pem").write_bytes((folder / "cert.pem").read_bytes())


def test_a_context_with_tls_is_reached(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The certificates of the context are shown to the engine, and the engine's are checked, also
    where a company's certificates are set for all else."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", certifi.where())
    with behind_tls(short) as address:
        tls = {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(short)}
        with engine(address, **tls).client().api as api:
            assert api.ping()
        with pytest.raises(EngineError, match="the team's Docker does not answer"):
            engine(address).client()


def test_the_users_own_tls_variables_do_not_count(
    short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the shell has set for another Docker is not applied to this one."""
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    monkeypatch.setenv("DOCKER_CERT_PATH", "/nonexistent")
    with (
        listening(short / "docker.sock") as address,
        engine(address, DOCKER_TLS_VERIFY=None).client().api as api,
    ):
        assert api.ping()


def test_a_context_over_ssh_is_reached(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An ssh address goes through the user's own ssh command, with its keys and settings."""
    with listening(short / "docker.sock"):
        ssh = short / "ssh"
        ssh.write_text(SSH.format(python=sys.executable, socket=str(short / "docker.sock")))
        ssh.chmod(ssh.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{short}:/usr/bin:/bin")
        with engine("ssh://team@builder.example").client().api as api:
            assert api.ping()


def test_ssh_without_its_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the SDK lacks what it needs for ssh, the message says which command installs it."""
    monkeypatch.setattr(dockers, "find_spec", lambda name: None)
    with pytest.raises(EngineError, match="paramiko") as caught:
        engine("ssh://team@builder.example").client()
    assert "pip install 'docker[ssh]'" in caught.value.hint
    answer = dockers.ask(Candidate("ssh://team@builder.example", "DOCKER_HOST", True))
    assert (answer.usable, answer.hint) == (False, caught.value.hint)


def test_an_engine_that_went_away_is_named(short: Path) -> None:
    """No docker API behind the address: an EngineError with what to type, no traceback."""
    with pytest.raises(EngineError, match="the team's Docker does not answer") as caught:
        engine(f"unix://{short}/gone.sock").client()
    assert "buildlab doctor" in caught.value.hint
    with pytest.raises(EngineError, match="no docker API"):
        engine(None).client()
