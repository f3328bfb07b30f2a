"""Checks of the machine: they need no engine."""

from __future__ import annotations

import ipaddress
import os
import shutil
import socket
from pathlib import Path

from buildlab.host import child
from buildlab.host.settings import PROXY_VARIABLES, Settings, tool_env
from buildlab.setup.doctor.model import Bench, Fault, Outcome, warning, well

DISK_NEEDED_BYTES = 8 * 10**9
DISK_WANTED_BYTES = 15 * 10**9
MEMORY_WANTED_BYTES = 3 * 10**9
_GO_VARIABLES = ("GOPROXY", "GOPRIVATE", "GONOSUMDB", "GOSUMDB", "GOINSECURE", "GOFLAGS")


def disk(bench: Bench) -> Outcome:
    """Free disk where the kit keeps engine, images and records."""
    home = Settings.from_env().home
    place = next(p for p in (home, *home.parents) if p.exists())
    free = shutil.disk_usage(place).free
    detail = f"{free / 1e9:.0f} GB free for {home}"
    remedy = f"free some, or: export BUILDLAB_HOME=/a/folder/on/a/larger/disk (now {home})"
    if free < DISK_NEEDED_BYTES:
        raise Fault(f"{detail}; the course needs {DISK_NEEDED_BYTES / 1e9:.0f} GB", remedy)
    if free < DISK_WANTED_BYTES:
        return warning(detail, remedy)
    return well(detail)


def cores(bench: Bench) -> Outcome:
    """Cores and memory for the compiler."""
    import psutil

    count = _cores_allowed()
    memory = psutil.virtual_memory().total
    detail = f"{count} cores, {memory / 1e9:.0f} GB memory"
    if bench.engine is not None and bench.engine.info.cpus not in (0, count):
        count = bench.engine.info.cpus
        detail += f"; the engine has {count} cores"
    if count < 2:
        return warning(detail, "give the engine two cores or more; one makes every build slow")
    if memory < MEMORY_WANTED_BYTES:
        return warning(detail, "close other programs, or give the engine more memory")
    return well(detail)


def ports(bench: Bench) -> Outcome:
    """A port of 127.0.0.1 can be listened on and reached, and ours are open nowhere else."""
    with socket.socket() as listener:
        try:
            listener.bind(("127.0.0.1", 0))
            listener.listen(1)
            port = listener.getsockname()[1]
            with socket.create_connection(("127.0.0.1", port), timeout=5):
                pass
        except OSError as e:
            raise Fault(
                f"127.0.0.1 can't be used: {e}",
                "let local programs listen on 127.0.0.1 (firewall, sandbox)",
            ) from e
    open_wide = exposed()
    if open_wide:
        return warning(
            f"listening beyond this machine: {', '.join(open_wide)}",
            "stop what listens: buildlab engine stop; start JupyterLab without --ip",
        )
    return well(f"127.0.0.1 works (tried port {port}); nothing of ours listens elsewhere")


def exposed() -> tuple[str, ...]:
    """Programs of the kit's engine that listen on more than loopback, in this machine's network.

    Inside an engine's own network they may: nothing beyond this machine gets there.
    """
    import psutil

    packages = Settings.from_env().paths.packages.resolve()
    found = []
    for process in psutil.process_iter(["pid", "name", "exe"]):
        exe = process.info["exe"] or ""
        try:
            if not Path(exe).is_relative_to(packages) or not _same_network(process.pid):
                continue
            for connection in process.net_connections(kind="inet"):
                if connection.status == psutil.CONN_LISTEN and not _loopback(connection.laddr.ip):
                    found.append(f"{process.info['name']} on port {connection.laddr.port}")
        except (psutil.Error, OSError):
            continue  # ended meanwhile, or another user's
    return tuple(sorted(found))


def _same_network(pid: int) -> bool:
    here, there = Path("/proc/self/ns/net"), Path(f"/proc/{pid}/ns/net")
    return not here.exists() or here.readlink() == there.readlink()


def _loopback(address: str) -> bool:
    return ipaddress.ip_address(address).is_loopback


def proxies(bench: Bench) -> Outcome:
    """Which proxies and Go settings builds are given."""
    env = tool_env()
    names = [v for name in PROXY_VARIABLES for v in (name, name.lower())]
    found = [f"{n}={env[n]}" for n in (*names, *_GO_VARIABLES) if env.get(n)]
    lower, upper = ({n for n in PROXY_VARIABLES if env.get(f(n))} for f in (str.lower, str.upper))
    if found and lower ^ upper:
        missing = sorted((lower ^ upper) - upper) or sorted(n.lower() for n in upper - lower)
        return warning(
            ", ".join(found),
            f"set {', '.join(missing)} to the same value: some programs read only one spelling",
        )
    return well(", ".join(found) or "no proxy set, GOPROXY as Go has it")


def authorities(bench: Bench) -> Outcome:
    """The certificate authorities of this machine, which assembled base images get."""
    from buildlab.engine.images.certificates import host_bundle

    bundle = host_bundle()
    count = bundle.count(b"-----BEGIN CERTIFICATE-----")
    if not count:
        raise Fault(
            "no certificate authorities found on this machine",
            "install them: apt-get install ca-certificates",
        )
    added = Path("/usr/local/share/ca-certificates")
    own = len(list(added.rglob("*.crt"))) if added.is_dir() else 0
    return well(f"{count} authorities" + (f", {own} of them added by an administrator" * (own > 0)))


def files(bench: Bench) -> Outcome:
    """What silently changes the files that builds see: autocrlf, umask, odd folder names."""
    troubles: list[tuple[str, str]] = []
    if _git_setting("core.autocrlf") == "true":
        troubles.append(
            ("git converts line ends (core.autocrlf)", "git config --global core.autocrlf input")
        )
    mask = _umask()
    if mask & 0o055:
        troubles.append(
            (f"umask {mask:03o} takes read rights from copied files", "umask 022, then start again")
        )
    for folder in (Path.cwd(), Settings.from_env().home):
        if trouble := odd_path(folder):
            troubles.append((f"{folder} {trouble}", "work in a folder with a plain, short name"))
    if not troubles:
        return well(f"umask {mask:03o}, plain paths, line ends untouched")
    return warning(
        "; ".join(t for t, _ in troubles), "; ".join(dict.fromkeys(r for _, r in troubles))
    )


def odd_path(folder: Path) -> str:
    """What is odd about a folder's name for builds and shells; "" if nothing is."""
    raw = os.fsencode(folder)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return "is not valid UTF-8, which BuildKit refuses"
    if any(c in text for c in ",'\"$`\\\n"):
        return "has a character that commands and --build-context read as their own"
    if " " in text:
        return "has a space: quote it in commands you paste"
    if len(raw) > 180:
        return "is very long"
    return ""


def _cores_allowed() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS
        return os.cpu_count() or 1


def _umask() -> int:
    """The process's umask, read without setting it where the kernel tells it."""
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("Umask:"):
                return int(line.split()[1], 8)
    except OSError:
        pass
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _git_setting(name: str) -> str:
    return child.said(["git", "config", "--get", name], limit_s=10, env=tool_env()).strip().lower()
