"""A git server over ssh that lets one key in."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from buildlab.engine.model import Engine
from buildlab.errors import EngineError
from buildlab.host import child
from buildlab.host.settings import tool_env
from buildlab.services.keys import key_pair
from buildlab.services.module import Module
from buildlab.services.running import NETWORK_FLAGS, serving

_GIT_LIMIT_S = 60


@dataclass(frozen=True, slots=True)
class GitServer:
    """A running git server. Builds reach it at `host`:`port` with `flags`."""

    host: str
    port: int
    host_key: str
    """The server's public key: what a client must know beforehand to be sure whom it talks to."""
    log: Path = field(repr=False)
    flags: tuple[str, ...]

    @property
    def url(self) -> str:
        """What stands in place of `https://host/` for git to come here."""
        return f"ssh://git@{self.host}:{self.port}/"

    @property
    def known_hosts(self) -> str:
        return f"[{self.host}]:{self.port} {self.host_key}\n"

    def logins(self) -> tuple[str, ...]:
        """The keys that were offered so far: known or unknown, and the fingerprint."""
        return tuple(self.log.read_text().splitlines())


@contextmanager
def git_server(engine: Engine, allowed: str, *modules: Module) -> Iterator[GitServer]:
    """A server with a repository per module (its path without the host), gone after the block.

    All modules have the same host. Raises EngineError where git is not installed, or the engine
    can't reach a server on this machine.
    """
    if shutil.which("git") is None:
        raise EngineError("git is not installed, and this needs it", "apt-get install git")
    (host,) = {module.path.partition("/")[0] for module in modules}
    identity = key_pair()
    with tempfile.TemporaryDirectory(prefix="buildlab-git-") as root:
        for module in modules:
            _repository(Path(root, module.path.partition("/")[2]), module)
        settings = {"root": root, "allowed": allowed, "host_key": identity.private}
        with serving(engine, "buildlab.services.serve_git", settings) as (port, log):
            flags = (*NETWORK_FLAGS, f"--add-host={host}:127.0.0.1")
            yield GitServer(host, port, identity.public, log, flags)


def _repository(folder: Path, module: Module) -> None:
    """A repository with one commit, tagged with the module's version."""
    for name, text in module.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    _git(folder, "init", "--quiet", "--initial-branch=main")
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "--message=Add the module")
    _git(folder, "tag", module.version)


def _git(folder: Path, *words: str) -> None:
    env = tool_env(
        GIT_CONFIG_GLOBAL="/dev/null",
        GIT_CONFIG_SYSTEM="/dev/null",
        **{f"GIT_{who}_NAME": "A developer" for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_EMAIL": "developer@example.test" for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_DATE": "2026-01-01T00:00:00Z" for who in ("AUTHOR", "COMMITTER")},
    )
    done = child.run(["git", "-C", str(folder), *words], env=env, limit_s=_GIT_LIMIT_S)
    done.require_ok(f"git {words[0]} failed", "git --version")
