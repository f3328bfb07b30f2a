"""A stand-in for moby/buildkit where no image can be pulled.

buildkitd and buildctl come from Go modules, built inside an engine by the Dockerfile beside this;
runc with its libraries, busybox and the certificate bundle come from this machine. Built once per
machine and version: it takes minutes.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from filelock import FileLock

from buildlab.engine.images.certificates import host_bundle
from buildlab.engine.model import Engine
from buildlab.host.settings import Settings

HERE = Path(__file__).parent
VERSION = "v0.25.2"
# Nothing answers on this registry, so no puller waits for it.
NAME = f"localhost/buildlab-test-buildkit:{VERSION}"
BUILD_LIMIT_S = 800


def cache() -> Path:
    """Where this machine keeps the image."""
    paths = Settings.from_env().paths
    return paths.make(paths.root / "test-cache")


def archive(engine: Engine, packages: Path, cache: Path) -> Path:
    """The image as a file for `docker load`, made with `engine` where `cache` has it not yet."""
    ready = cache / f"buildkit-{VERSION}-{os.uname().machine}.tar"
    with FileLock(ready.with_suffix(".lock")):
        if not ready.exists():
            with tempfile.TemporaryDirectory(prefix="buildkit-image-") as scratch:
                part = Path(scratch, "image.tar")
                _build(engine, _root(Path(scratch, "root"), packages), part)
                shutil.copy(part, ready.with_suffix(".part"))
                ready.with_suffix(".part").replace(ready)
    return ready


def _build(engine: Engine, root: Path, out: Path) -> None:
    command = [
        *engine.buildx, "build", "--progress=plain", "--provenance=false",
        "--build-arg", f"BUILDKIT_VERSION={VERSION}",
        "--build-arg", "BUILDKIT_CACHE_MOUNT_NS=buildlab-tests",
        "--build-context", f"rootfs={root}",
        "--output", f"type=docker,dest={out},name={NAME}", str(HERE),
    ]  # fmt: skip
    for name, where in engine.build_contexts.items():
        command[-1:-1] = ["--build-context", f"{name}={where}"]
    done = subprocess.run(
        command, env=engine.child_env(), capture_output=True, text=True, timeout=BUILD_LIMIT_S,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]


def _root(root: Path, packages: Path) -> Path:
    """What buildkitd needs around it: runc and its libraries, busybox, authorities, /tmp."""
    for folder in ("usr/bin", "bin", "etc/ssl/certs", "tmp", "root"):
        (root / folder).mkdir(parents=True)
    (root / "tmp").chmod(0o1777)
    (root / "etc/ssl/certs/ca-certificates.crt").write_bytes(host_bundle())
    shutil.copy(packages / "bin/busybox", root / "bin/busybox")
    runc = next(p for p in packages.glob("root/usr/*bin/runc") if p.is_file())
    shutil.copy(runc, root / "usr/bin/runc")
    for library in _libraries(runc, packages / "lib"):
        # The loader is found by its path, the others in the loader's own folders.
        folder = "lib64" if library.name.startswith("ld-") else "usr/lib"
        for place in {folder, str(library.parent)[1:]}:
            if not library.is_relative_to(packages) or place == folder:
                (root / place).mkdir(parents=True, exist_ok=True)
                shutil.copy(library, root / place / library.name)
    return root


def _libraries(program: Path, extra: Path) -> list[Path]:
    """The loader and the libraries of a program, where this machine has them."""
    env = {**os.environ, "LD_LIBRARY_PATH": str(extra)}
    listed = subprocess.run(
        ["ldd", str(program)], env=env, capture_output=True, text=True, check=True
    ).stdout
    return [Path(p) for p in re.findall(r"(/\S+)\s+\(0x", listed)]
