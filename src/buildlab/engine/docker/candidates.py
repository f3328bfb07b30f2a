"""Where a Docker may listen on this machine: each place with the reason it is tried.

Reads the user's docker configuration and never writes to it. The docker SDK's own context
reader falls back to the default context without a word where a context is missing or broken,
so a typing mistake would build on another engine; this one says so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from buildlab.basics import jsontext
from buildlab.errors import UsageError

DEFAULT_SOCKET = "/var/run/docker.sock"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An address to ping, and why. `chosen_by_user` ones are the only ones tried."""

    address: str
    why: str
    chosen_by_user: bool = False
    tls: Mapping[str, str] = field(default_factory=dict)
    """DOCKER_TLS_VERIFY and DOCKER_CERT_PATH as the address needs them; empty without TLS."""


def docker_config_dir(env: Mapping[str, str], user_home: Path) -> Path:
    """The user's docker configuration folder, which may not exist."""
    return Path(env.get("DOCKER_CONFIG") or user_home / ".docker")


def read_config(folder: Path) -> dict[str, Any]:
    """The user's config.json; {} where there is none. Raises UsageError where it is no JSON."""
    path = folder / "config.json"
    try:
        data = jsontext.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as e:
        raise UsageError(f"{path} is not readable: {e}", f"repair {path}") from e
    return data if isinstance(data, dict) else {}


def candidates(env: Mapping[str, str], user_home: Path) -> tuple[Candidate, ...]:
    """What to ping, in order. What the user named (DOCKER_HOST, a context) stands alone."""
    folder = docker_config_dir(env, user_home)
    if host := env.get("DOCKER_HOST"):
        tls = {k: env[k] for k in ("DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH") if env.get(k)}
        return (Candidate(host, "DOCKER_HOST", True, tls),)
    name, source = env.get("DOCKER_CONTEXT"), "DOCKER_CONTEXT"
    if not name:
        name, source = read_config(folder).get("currentContext"), "the current context"
    if name and name != "default":
        return (_context(folder, name, source),)
    return tuple(_well_known(env, user_home))


def _context(folder: Path, name: str, source: str) -> Candidate:
    """The docker endpoint of a context. Raises UsageError where it is missing or broken."""
    ident = hashlib.sha256(name.encode()).hexdigest()
    meta = folder / "contexts" / "meta" / ident / "meta.json"
    try:
        endpoint = jsontext.loads(meta.read_text("utf-8"))["Endpoints"]["docker"]
        address = str(endpoint["Host"])
    except (OSError, ValueError, KeyError, TypeError) as e:
        raise UsageError(
            f"the docker context {name!r} ({source}) can't be read from {meta}",
            "list the contexts: docker context ls",
        ) from e
    certs = folder / "contexts" / "tls" / ident / "docker"
    tls = {}
    if certs.is_dir():
        tls["DOCKER_CERT_PATH"] = str(certs)
        if not endpoint.get("SkipTLSVerify"):
            tls["DOCKER_TLS_VERIFY"] = "1"
    return Candidate(address, f"{source} {name!r}", True, tls)


def _well_known(env: Mapping[str, str], home: Path) -> Iterator[Candidate]:
    runtime = Path(env.get("XDG_RUNTIME_DIR") or "/nonexistent")
    places = (
        (Path(DEFAULT_SOCKET), "the default socket"),
        (home / ".docker/run/docker.sock", "Docker Desktop"),
        (home / ".docker/desktop/docker.sock", "Docker Desktop for Linux"),
        (runtime / "docker.sock", "rootless Docker"),
        (home / ".colima/default/docker.sock", "Colima"),
        (home / ".config/colima/default/docker.sock", "Colima"),
        (home / ".orbstack/run/docker.sock", "OrbStack"),
        (home / ".rd/docker.sock", "Rancher Desktop"),
        (runtime / "podman/podman.sock", "Podman"),
        (Path("/run/podman/podman.sock"), "Podman"),
    )
    seen: set[Path] = set()
    for path, why in places:
        # Several products link the default socket to their own: ping each engine once.
        if _is_socket(path) and (real := path.resolve()) not in seen:
            seen.add(real)
            yield Candidate(f"unix://{path}", why)


def _is_socket(path: Path) -> bool:
    try:
        return path.is_socket()
    except PermissionError:
        return False  # in a folder of another user: not ours to use
