"""JupyterLab as `./lab start` starts it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from buildlab import cli
from buildlab.errors import UsageError
from buildlab.setup import prepare
from buildlab.setup.jupyter import Lab, choose_port, jupyterlab

TRAP = {
    "argv": ["/bin/false", "{connection_file}"],
    "display_name": "a user's own kernel",
    "language": "python",
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab for a user who has a password, and a kernel named python3, of their own."""
    home = tmp_path_factory.mktemp("home")
    for share in (".local/share/jupyter", "Library/Jupyter"):
        spec = home / share / "kernels" / "python3" / "kernel.json"
        spec.parent.mkdir(parents=True)
        spec.write_text(json.dumps(TRAP))
    configuration = home / ".jupyter" / "jupyter_server_config.json"
    configuration.parent.mkdir()
    password = {"hashed_password": "argon2:nonsense"}
    configuration.write_text(json.dumps({"PasswordIdentityProvider": password}))
    root = tmp_path_factory.mktemp("root")
    (root / "notebooks").mkdir()
    environ = {**os.environ, "HOME": str(home)}
    environ.pop("JUPYTER_TOKEN", None)
    with jupyterlab(root, environ, home / "jupyter.log") as lab:
        yield lab
    assert not psutil.pid_exists(lab.process.pid) or lab.process.poll() is not None


def ask(lab: Lab, path: str, *, method: str = "GET", token: bool = True) -> Any:
    """An answer of the server's API; HTTPError for a refusal."""
    secret = lab.url.split("token=")[1]
    headers = {"Authorization": f"token {secret}"} if token else {}
    address = f"http://127.0.0.1:{lab.port}{path}"
    request = urllib.request.Request(address, method=method, headers=headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=30) as answer:
        return json.load(answer)


def test_a_token_is_asked_for(running: Lab) -> None:
    """Without the token of the printed URL nothing is told."""
    with pytest.raises(urllib.error.HTTPError) as refused:
        ask(running, "/api/kernels", token=False)
    assert refused.value.code == 403
    assert ask(running, "/api/kernels") == []


def test_it_listens_on_loopback_only(running: Lab) -> None:
    """No socket of the server is open to other machines."""
    sockets = psutil.Process(running.process.pid).net_connections("inet")
    listening = {s.laddr.ip for s in sockets if s.status == psutil.CONN_LISTEN}
    assert listening == {"127.0.0.1"}


def test_the_kernel_is_of_this_environment(
    running: Lab, wait_until: Callable[[Callable[[], bool], float, str], None]
) -> None:
    """A user's own kernel named python3 is not what runs the lessons."""
    ask(running, "/api/kernels", method="POST")
    server = psutil.Process(running.process.pid)

    def kernels() -> list[str]:
        return [c.cmdline()[0] for c in server.children() if "ipykernel_launcher" in c.cmdline()]

    wait_until(lambda: bool(kernels()), 20, "a kernel process")
    assert kernels() == [sys.executable]


OWNER = """
import os, sys
from pathlib import Path
from buildlab.setup.jupyter import jupyterlab
root = Path(sys.argv[1])
with jupyterlab(root, os.environ, root / "jupyter.log") as lab:
    print(lab.process.pid, flush=True)
    sys.stdin.read()
"""


def test_it_ends_with_who_started_it(
    tmp_path: Path, wait_until: Callable[[Callable[[], bool], float, str], None]
) -> None:
    """After `kill -9` of `./lab start` no server is left on its port."""
    argv = [sys.executable, "-c", OWNER, str(tmp_path)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as owner:
        assert owner.stdout
        server = psutil.Process(int(owner.stdout.readline()))
        owner.kill()
        wait_until(lambda: not alive(server), 15, "the end of the server")


def alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_taken_port_that_was_asked_for_is_an_error() -> None:
    """--port N with N taken says so and what to type; without --port the next one is taken."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(UsageError, match="taken") as error:
            choose_port("127.0.0.1", taken.getsockname()[1])
    assert "./lab start" in error.value.hint
    assert choose_port("127.0.0.1", None) >= 8888
    assert choose_port("127.0.0.1", 0) > 0


@pytest.mark.parametrize("ip", ["192.0.2.1", "nonsense", "::9"])
def test_an_address_of_another_machine_is_named(ip: str) -> None:
    """--ip with what this machine can't listen on is not taken for a port that is taken."""
    with pytest.raises(UsageError, match="no address of this machine") as error:
        choose_port(ip, None)
    assert "./lab start" in error.value.hint


def test_a_wrong_port_is_said_before_any_work(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody waits for an engine and images to be told that the port is taken."""
    monkeypatch.setattr(prepare, "prepare", lambda *_: pytest.fail("work began"))
    with pytest.raises(SystemExit) as ended:
        cli.main(["start", "--no-browser", "--port", "70000"])
    assert ended.value.code == 2
    assert "port 70000" in capsys.readouterr().err


@pytest.mark.parametrize("port", [-1, 70_000])
def test_a_port_that_is_none(port: int) -> None:
    """A number that is no port is an error with a hint, not a traceback."""
    with pytest.raises(UsageError):
        choose_port("127.0.0.1", port)


def test_a_server_that_does_not_start_is_named_with_its_log(tmp_path: Path) -> None:
    """A JupyterLab that ends at once is an error that shows the log's end."""
    wrong = ["--ServerApp.root_dir=/nonexistent/folder"]
    with (
        pytest.raises(UsageError, match="ended at once") as error,
        jupyterlab(tmp_path, os.environ, tmp_path / "jupyter.log", arguments=wrong),
    ):
        pass
    assert "jupyter.log" in error.value.hint
