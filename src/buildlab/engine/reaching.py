"""Which of some servers say nothing to an engine: asked from its network, before it is."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.request import getproxies_environment, proxy_bypass

from buildlab.engine.model import Engine

_PROGRAM = Path(__file__).with_name("knock.py")
_START_S = 5.0
_STAGES: Mapping[str, str] = {
    "connecting": "it takes no connection",
    "greeting": "it accepts connections and does not answer a TLS handshake",
    "asking": "it accepts connections and says nothing",
    "reading": "it begins an answer and does not end it",
}


@dataclass(frozen=True, slots=True)
class Server:
    """A registry's address as a reference names it: "HOST" or "HOST:PORT"."""

    name: str

    @property
    def host(self) -> str:
        return self.name.rpartition(":")[0] or self.name

    @property
    def local(self) -> bool:
        try:
            return ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def port(self) -> str:
        return self.name.rpartition(":")[2] if ":" in self.name else "80" if self.local else "443"


def silent(engine: Engine, servers: Iterable[Server], limit_s: float) -> dict[Server, str]:
    """The servers that don't answer this engine within `limit_s` seconds, and how that shows.

    A refused connection and an error are answers. A server that only a proxy reaches, or one whose
    name nobody knows, is not in it, nor is any where the engine's network can't be entered.
    """
    inside = _inside(engine)
    if inside is None:
        return {}
    asked = {}
    for server in servers:
        if not _through_proxy(server):
            asked[server] = _start(inside, server, limit_s)
    found = {server: _last_stage(process, limit_s) for server, process in asked.items()}
    return {server: _STAGES[stage] for server, stage in found.items() if stage in _STAGES}


def _inside(engine: Engine) -> tuple[str, ...] | None:
    """What runs a program where the engine is; None where it can't be done from here."""
    if engine.kind == "embedded" and engine.netns_pid is not None:
        # Its mounts too: a name server of its own.
        return ("nsenter", "-t", str(engine.netns_pid), "-n", "-m", "--")
    # The kit's builder is in its host's network.
    return () if engine.kind == "docker" and engine.can.reach_us else None


def _through_proxy(server: Server) -> bool:
    proxies = getproxies_environment()
    wanted = "http" if server.local else "https"
    return wanted in proxies and not proxy_bypass(server.name)


def _start(inside: tuple[str, ...], server: Server, limit_s: float) -> subprocess.Popen[str]:
    kind = "plain" if server.local else "tls"
    words = (server.host.strip("[]"), server.port, kind, f"{limit_s:g}")
    argv = [*inside, sys.executable, "-I", "-S", str(_PROGRAM), *words]
    return subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd="/",
    )


def _last_stage(process: subprocess.Popen[str], limit_s: float) -> str:
    with process:
        try:
            said, _ = process.communicate(timeout=limit_s + _START_S)
        except subprocess.TimeoutExpired:
            process.kill()
            said, _ = process.communicate()
        except BaseException:
            process.kill()
            raise
    return (said.split() or [""])[-1]
