"""The servers of the lessons on secrets: real, on loopback only, gone with who started them."""

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

from buildlab.engine import Engine
from buildlab.errors import EngineError
from buildlab.host.process import wait_until
from buildlab.services import git_server as git_module
from buildlab.services import ssh_agent as agent_module
from buildlab.services.git_server import GitServer, git_server
from buildlab.services.keys import KeyPair, key_pair
from buildlab.services.module import Module
from buildlab.services.module_proxy import ModuleProxy, module_proxy
from buildlab.services.ssh_agent import ssh_agent

pytestmark = pytest.mark.engine

MODULE = Module(
    "git.example.test/Team/greet.git",
    "v1.0.0",
    {"go.mod": "module git.example.test/Team/greet.git\n", "greet.go": "package greet\n"},
)
LIST = "/git.example.test/!team/greet.git/@v/list"


@pytest.fixture
def proxy(lab_engine: Engine) -> Iterator[ModuleProxy]:
    with module_proxy(lab_engine, MODULE) as running:
        yield running


@pytest.fixture(scope="module")
def key() -> KeyPair:
    return key_pair()


@pytest.fixture
def git(lab_engine: Engine, key: KeyPair) -> Iterator[GitServer]:
    with git_server(lab_engine, key.public, MODULE) as running:
        yield running


def ask(
    proxy: ModuleProxy, folder: Path, path: str, auth: tuple[str, str] | None
) -> requests.Response:
    (folder / "ca.pem").write_text(proxy.authority)
    with requests.Session() as session:
        session.trust_env = False
        return session.get(proxy.url + path, auth=auth, verify=str(folder / "ca.pem"), timeout=5)


def test_the_proxy_answers_who_knows_the_password(proxy: ModuleProxy, tmp_path: Path) -> None:
    """With the password it serves the module, without or with a wrong one it says 401."""
    known = (proxy.user, proxy.password)
    assert ask(proxy, tmp_path, LIST, known).text == "v1.0.0\n"
    assert ask(proxy, tmp_path, LIST, None).status_code == 401
    assert ask(proxy, tmp_path, LIST, (proxy.user, "wrong")).status_code == 401
    assert ask(proxy, tmp_path, "/other/@v/list", known).status_code == 404


def test_the_proxys_certificate_is_checked(proxy: ModuleProxy) -> None:
    """Who does not know its authority can't connect."""
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(proxy.url + LIST, timeout=5, proxies={"https": ""})


def test_the_proxys_log_holds_no_password(proxy: ModuleProxy, tmp_path: Path) -> None:
    """Its log tells status, path and user; its printed form tells no password."""
    ask(proxy, tmp_path, LIST, (proxy.user, proxy.password))
    assert proxy.answers() == (f"200 {LIST} {proxy.user}",)
    assert proxy.password not in repr(proxy)


def test_go_agrees_with_the_sums(proxy: ModuleProxy) -> None:
    """A module's two lines in go.sum have the form that Go writes."""
    whole, only_mod = MODULE.sums().splitlines()
    assert whole.startswith("git.example.test/Team/greet.git v1.0.0 h1:")
    assert only_mod.startswith("git.example.test/Team/greet.git v1.0.0/go.mod h1:")


def ls_remote(git: GitServer, folder: Path, agent: str, known_hosts: str) -> str:
    """What git says to the server, as one who has this agent and these known hosts."""
    (folder / "known").write_text(known_hosts.replace(git.host, "127.0.0.1"))
    ssh = f"ssh -F none -o BatchMode=yes -o UserKnownHostsFile={folder}/known -o IdentityFile=none"
    said = subprocess.run(
        ["git", "ls-remote", f"ssh://git@127.0.0.1:{git.port}/Team/greet.git"],
        env={"PATH": "/usr/bin:/bin", "GIT_SSH_COMMAND": ssh, "SSH_AUTH_SOCK": agent},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    return said.stdout + said.stderr


def test_git_lets_one_key_in(git: GitServer, key: KeyPair, tmp_path: Path) -> None:
    """The allowed key lists the tag; another is refused, and the log tells both."""
    with ssh_agent(key.private) as ours, ssh_agent(key_pair().private) as other:
        assert "refs/tags/v1.0.0" in ls_remote(git, tmp_path, str(ours.socket), git.known_hosts)
        refused = ls_remote(git, tmp_path, str(other.socket), git.known_hosts)
        known, unknown = ours.fingerprints()[0], other.fingerprints()[0]
    assert "Permission denied (publickey)" in refused
    assert {f"known {known}", f"unknown {unknown}"} == set(git.logins())


def test_git_serves_nothing_else(git: GitServer, key: KeyPair, tmp_path: Path) -> None:
    """The key runs no other program, and reads no repository outside the server's folder."""
    (tmp_path / "known").write_text(git.known_hosts.replace(git.host, "127.0.0.1"))
    with ssh_agent(key.private) as agent:
        for command in ("id", "git-upload-pack /../../etc", "git-receive-pack /Team/greet.git"):
            said = subprocess.run(
                [
                    *("ssh", "-F", "none", "-p", str(git.port), "-o", "BatchMode=yes"),
                    *("-o", f"UserKnownHostsFile={tmp_path}/known", "git@127.0.0.1", command),
                ],
                env={"PATH": "/usr/bin:/bin", "SSH_AUTH_SOCK": str(agent.socket)},
                capture_output=True,
                text=True,
                check=False,
                timeout=30,
            )
            assert said.returncode == 126, command
            assert "only git-upload-pack" in said.stderr


def test_git_proves_who_it_is(git: GitServer, key: KeyPair, tmp_path: Path) -> None:
    """A client that expects another host key does not go on."""
    impostor = git.known_hosts.replace(git.host_key, key_pair().public)
    with ssh_agent(key.private) as agent:
        said = ls_remote(git, tmp_path, str(agent.socket), impostor)
    assert "REMOTE HOST IDENTIFICATION HAS CHANGED" in said


def listening(port: int) -> set[str]:
    """The addresses of this machine's network at which this port is open."""
    return {
        c.laddr[0]
        for c in psutil.net_connections("tcp")
        if c.status == psutil.CONN_LISTEN and c.laddr and c.laddr[1] == port
    }


def test_on_loopback_only(proxy: ModuleProxy, git: GitServer) -> None:
    """On this machine both listen on loopback and nowhere else."""
    assert listening(int(proxy.address.rpartition(":")[2])) == {"127.0.0.1"}
    assert listening(git.port) == {"127.0.0.1"}


def test_nothing_is_left(lab_engine: Engine, key: KeyPair) -> None:
    """After the block no process, port, file or socket of them is there."""
    with (
        module_proxy(lab_engine, MODULE) as proxy,
        git_server(lab_engine, key.public, MODULE) as git,
        ssh_agent(key.private) as agent,
    ):
        ports = (int(proxy.address.rpartition(":")[2]), git.port)
        logs = (proxy.log, git.log)
        assert all(log.exists() for log in logs)
    assert not any(listening(port) for port in ports)
    assert not any(log.parent.exists() for log in logs)
    assert not agent.socket.parent.exists()


_HOLDER = """
import base64, pickle, sys
from buildlab.services.keys import key_pair
from buildlab.services.git_server import git_server
from buildlab.services.module_proxy import module_proxy
from buildlab.services.ssh_agent import ssh_agent
from buildlab.services.module import Module
engine = pickle.loads(base64.b64decode(sys.argv[1]))
key = key_pair()
module = Module("git.example.test/a.git", "v1.0.0", {"go.mod": "module git.example.test/a.git"})
with (
    module_proxy(engine, module) as p,
    git_server(engine, key.public, module) as g,
    ssh_agent(key.private) as a,
):
    print(p.log.parent, g.log.parent, a.socket, flush=True)
    sys.stdin.read()
"""


def test_they_die_with_their_owner(lab_engine: Engine) -> None:
    """None of them runs on when the process that started them is killed."""
    pickled = base64.b64encode(pickle.dumps(lab_engine)).decode()
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDER, pickled],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout
        marks = holder.stdout.readline().split()
        assert len(marks) == 3
        assert len(running(marks)) == 3
        holder.kill()
        assert wait_until(lambda: not running(marks), 10)


def running(marks: list[str]) -> list[psutil.Process]:
    """The servers whose command line names one of these paths, but for those who look on."""
    return [
        p
        for p in psutil.process_iter(["cmdline", "status"])
        if p.info["status"] != psutil.STATUS_ZOMBIE
        and any(mark in word for word in p.info["cmdline"] or () for mark in marks)
    ]


def test_an_engine_elsewhere_is_named(lab_engine: Engine) -> None:
    """An engine that can't reach this machine's loopback is an error with a remedy."""
    far = replace(lab_engine, kind="remote", socket=None, netns_pid=None)
    with pytest.raises(EngineError, match="can't reach a server") as caught:
        module_proxy(far, MODULE).__enter__()
    assert caught.value.hint


def test_missing_tools_are_named(lab_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without git or OpenSSH's client the error names what to install."""
    monkeypatch.setattr(git_module.shutil, "which", lambda _: None)
    monkeypatch.setattr(agent_module.shutil, "which", lambda _: None)
    with pytest.raises(EngineError, match="git is not installed"):
        git_server(lab_engine, "key", MODULE).__enter__()
    with pytest.raises(EngineError, match="ssh-agent is not installed"):
        ssh_agent().__enter__()
