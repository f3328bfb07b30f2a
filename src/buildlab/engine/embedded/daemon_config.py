"""What dockerd is told: everything in one private file, nothing from the system's own."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from buildlab.engine.embedded.subnets import Subnets
from buildlab.host import private
from buildlab.host.paths import short_hash

_LOG_LIMIT_BYTES = 4 * 1024**2
# The engine sees its folders under this name: see init.sh.
_INSIDE = "/run/buildlab"


def write(state_dir: Path, nets: Subnets) -> None:
    """Write `daemon.json` and `resolv.conf`, and start the log anew where it has grown long."""
    config = {
        "data-root": f"{_INSIDE}/data",
        "exec-root": f"{_INSIDE}/exec",
        "pidfile": f"{_INSIDE}/docker.pid",
        "hosts": [f"unix://{_INSIDE}/sock/docker.sock"],
        "group": "root",
        "features": {"containerd-snapshotter": True},
        "bip": nets.bridge_address,
        "default-address-pools": [{"base": str(nets.pool), "size": 24}],
        "ip6tables": False,
        # systemd knows nothing of processes in our namespace.
        "exec-opts": ["native.cgroupdriver=cgroupfs"],
        "cgroup-parent": f"/{cgroup_name(state_dir)}",
        "shutdown-timeout": 3,
        # While BuildKit's collector measures a cache mount, a step that wants it gets an empty one
        # (https://github.com/moby/buildkit/issues/883): the cache is trimmed between builds.
        "builder": {"gc": {"enabled": False}},
    }
    private.write(state_dir / "daemon.json", json.dumps(config, indent=1))
    private.write(state_dir / "resolv.conf", _resolv_conf(nets.dns))
    log = state_dir / "engine.log"
    if log.exists() and log.stat().st_size > _LOG_LIMIT_BYTES:
        log.write_bytes(b"")


def cgroup_name(state_dir: Path) -> str:
    """The cgroup that all containers and build steps of this state folder's engine are in."""
    return f"buildlab-{short_hash(state_dir)}"


def log_tail(state_dir: Path, lines: int = 8) -> str:
    """The last lines of the engine's log, "" where there is none."""
    with suppress(OSError):
        text = (state_dir / "engine.log").read_text(errors="replace")
        return "\n".join(text.splitlines()[-lines:])
    return ""


def _resolv_conf(dns: str) -> str:
    """The engine's own name server, with the host's search domains and options."""
    kept = []
    with suppress(OSError):
        lines = Path("/etc/resolv.conf").read_text(errors="replace").splitlines()
        kept = [line for line in lines if line.startswith(("search ", "domain ", "options "))]
    return "\n".join([f"nameserver {dns}", *kept]) + "\n"
