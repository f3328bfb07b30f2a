"""Make unpacked packages runnable where they lie: links, wrappers, and a proof that they start."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from buildlab.errors import EngineError
from buildlab.host import child

# Name on the engine's PATH → where a package may hold it.
_PROGRAMS = {
    "dockerd": ("usr/sbin/dockerd", "usr/bin/dockerd"),
    "docker": ("usr/bin/docker",),
    "docker-buildx": (
        "usr/libexec/docker/cli-plugins/docker-buildx",
        "usr/lib/docker/cli-plugins/docker-buildx",
    ),
    "docker-proxy": ("usr/sbin/docker-proxy", "usr/bin/docker-proxy"),
    "docker-init": ("usr/bin/tini-static", "usr/bin/docker-init", "usr/bin/tini"),
    "containerd": ("usr/bin/containerd",),
    "containerd-shim-runc-v2": ("usr/bin/containerd-shim-runc-v2",),
    "ctr": ("usr/bin/ctr",),
    "runc": ("usr/sbin/runc", "usr/bin/runc"),
    "tini": ("usr/bin/tini-static", "usr/bin/tini"),
    "slirp4netns": ("usr/bin/slirp4netns",),
    "busybox": ("usr/bin/busybox", "bin/busybox"),
    "docker-registry": ("usr/bin/docker-registry",),
}
_OPTIONAL = ("ctr", "docker-registry", "docker-proxy")
_XTABLES = ("iptables", "iptables-save", "iptables-restore")
_START_LIMIT_S = 60
_STARTS = ("dockerd", "containerd", "docker", "runc", "slirp4netns", "tini")

_WRAPPER = """#!/bin/sh
# Its libraries aren't on this system: they lie beside it.
here=${{0%/*}}/..
LD_LIBRARY_PATH=$(cd "$here/lib" && pwd)${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}
export LD_LIBRARY_PATH
exec "$here/root/{path}" "$@"
"""
_XTABLES_WRAPPER = """#!/bin/sh
here=${{0%/*}}/..
export LD_LIBRARY_PATH="$here/lib" XTABLES_LIBDIR="$here/lib/xtables"
exec "$here/root/usr/sbin/xtables-${{BUILDLAB_XTABLES:-nft}}-multi" {name} "$@"
"""


def link(packages: Path) -> None:
    """Fill `bin/` and `lib/` beside `root/`. Raises EngineError where a program is missing."""
    libraries = packages / "lib"
    libraries.mkdir(mode=0o755)
    for pattern in ("root/lib/*-linux-*/", "root/usr/lib/*-linux-*/"):
        for folder in packages.glob(pattern):
            for found in (*folder.glob("lib*.so*"), *folder.glob("xtables")):
                (libraries / found.name).symlink_to(Path("..") / found.relative_to(packages))
    folder = packages / "bin"
    folder.mkdir(mode=0o755)
    for name, candidates in _PROGRAMS.items():
        path = next((c for c in candidates if (packages / "root" / c).is_file()), None)
        if path is None and name not in _OPTIONAL:
            raise EngineError(
                f"the downloaded packages hold no {name}",
                "use an existing Docker engine, and report this with your system's version",
            )
        if path is not None and _missing_libraries(packages / "root" / path):
            _write(folder / name, _WRAPPER.format(path=path))
        elif path is not None:
            (folder / name).symlink_to(f"../root/{path}")
    for name in (*_XTABLES, *(x.replace("ip", "ip6", 1) for x in _XTABLES)):
        _write(folder / name, _XTABLES_WRAPPER.format(name=name))


def prove(packages: Path) -> None:
    """Start each program once. Raises EngineError with what the dynamic linker says."""

    def start(name: str) -> None:
        argv = [str(packages / "bin" / name), "--version"]
        done = child.run(argv, limit_s=_START_LIMIT_S)
        if not done.ok:
            said = (done.err or done.out).strip().splitlines() or ["no reason given"]
            raise EngineError(
                f"the packaged {name} doesn't run on this system: {said[-1]}",
                "install Docker with buildx on this system, and buildlab uses it",
            )

    with ThreadPoolExecutor() as pool:
        list(pool.map(start, (*_STARTS, "iptables")))


def _missing_libraries(program: Path) -> bool:
    """Whether the host lacks a library of this program. A static program has none."""
    env = {"PATH": os.defpath, "LC_ALL": "C"}
    return "not found" in child.said(["ldd", program], limit_s=_START_LIMIT_S, env=env)


def _write(file: Path, text: str) -> None:
    file.write_text(text)
    file.chmod(0o755)
