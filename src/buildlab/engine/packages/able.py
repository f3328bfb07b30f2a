"""Whether this machine can have an engine of the kit's own."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from buildlab.engine.packages import sources

# Program → the package that has it.
_TOOLS = {
    **dict.fromkeys(("apt-get", "apt-cache"), "apt"),
    **dict.fromkeys(("dpkg", "dpkg-query"), "dpkg"),
    **dict.fromkeys(("unshare", "nsenter"), "util-linux"),
    "ldd": "libc-bin",
}
_CAP_SYS_ADMIN = 21


def problems() -> tuple[str, ...]:
    """Why this machine can't have an embedded engine; empty where it can."""
    found = []
    if os.uname().sysname != "Linux":
        return ("it isn't Linux",)
    if host() is None:
        found.append("it is neither Debian nor Ubuntu")
    if os.geteuid() != 0:
        found.append("this isn't root (try: sudo -E)")
    elif not may_make_namespaces():
        found.append("root may not make namespaces here (a container? start it with --privileged)")
    missing = [tool for tool in _TOOLS if shutil.which(tool, path=_path()) is None]
    if missing:
        packages = " ".join(dict.fromkeys(_TOOLS[tool] for tool in missing))
        found.append(f"missing: {', '.join(missing)} (apt-get install {packages})")
    return tuple(found)


def may_make_namespaces() -> bool:
    """Whether root is as mighty as usual; in an ordinary container it is not."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return True
    effective = re.search(r"^CapEff:\s*([0-9a-f]+)", status, re.M)
    return effective is None or bool(int(effective[1], 16) >> _CAP_SYS_ADMIN & 1)


def host() -> sources.Distribution | None:
    """The distribution, where it is Debian or Ubuntu."""
    try:
        return sources.distribution(Path("/etc/os-release").read_text())
    except OSError:
        return None


def _path() -> str:
    """Root's usual folders too: a notebook's PATH often lacks sbin."""
    return os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
