"""One file with all that set-up downloads: for machines without internet.

A plain tar (its parts are compressed already), so that `./lab`, which has no Python environment
yet, can take the wheels out of it:

    bundle.json          what it is for: architecture, distribution, Python, kit version
    packages.tar.zst     the engine's Debian packages, unpacked
    images/              base images as OCI layouts, and the layers they are made of
    modules/             the lessons' Go modules
    wheels/              the Python packages of requirements.lock
"""

from __future__ import annotations

import errno
import io
import json
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO

import zstandard

from buildlab import images, jsontext, modules
from buildlab.engine import embedded, packages, sources
from buildlab.engine.settings import Settings, tool_env
from buildlab.errors import DiskFull, EngineError, UsageError
from buildlab.start import course_root

Progress = Callable[[str], None]

FORMAT = 2
LOCK = "requirements.lock"
INFO = "bundle.json"
PACKAGES = "packages.tar.zst"
_FOLDERS = ("images", "modules")
_TRANSIENT = (".lock", ".part", ".log")


@dataclass(frozen=True, slots=True)
class Made:
    """What a bundle was made on and for; it sets up machines of the same kind."""

    format: int
    made_at: str
    kit: str
    architecture: str
    distribution: str
    python: str

    @classmethod
    def here(cls) -> Made:
        """What this machine is."""
        release = Path("/etc/os-release")
        found = sources.distribution(release.read_text()) if release.is_file() else None
        return cls(
            FORMAT,
            datetime.now(UTC).isoformat(timespec="seconds"),
            version("buildlab"),
            platform.machine(),
            f"{found.id} {found.codename}" if found else platform.system(),
            f"{sys.version_info.major}.{sys.version_info.minor}",
        )

    def misfits(self, other: Made) -> tuple[str, ...]:
        """In what a machine differs from the one that the bundle is for."""
        pairs = (
            ("format", self.format, other.format),
            ("kit", self.kit, other.kit),
            ("architecture", self.architecture, other.architecture),
            ("distribution", self.distribution, other.distribution),
            ("Python", self.python, other.python),
        )
        return tuple(f"{what}: the bundle has {a}, here is {b}" for what, a, b in pairs if a != b)


def write(target: Path, progress: Progress = lambda _: None) -> Made:
    """Write the bundle, whole or not at all. Fetches what this machine doesn't have yet.

    Raises EngineError where this machine can't have the kit's own engine, DiskFull, BuildFailed
    where a Go module can't be downloaded, and UsageError where `target` can't be written.
    """
    home = Settings.from_env().paths
    engine = embedded.ensure(progress=progress)
    images.ensure(engine, progress=progress)
    images.assemble(progress=progress)
    modules.ensure(engine, progress)
    made = Made.here()
    part = target.with_name(f".{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with (
            tempfile.TemporaryDirectory(prefix="bundle-", dir=home.make(home.root)) as folder,
            tarfile.open(part, "w") as tar,
            ThreadPoolExecutor(1) as aside,  # pip waits for the network: pack beside it
        ):
            told = json.dumps(asdict(made), indent=1).encode()
            entry = tarfile.TarInfo(INFO)
            entry.size = len(told)
            tar.addfile(entry, io.BytesIO(told))
            wheels = aside.submit(_wheels, Path(folder))
            progress("packing the engine")
            tar.add(_packed(home.packages, Path(folder)), PACKAGES)
            progress("packing images and modules")
            for name in _FOLDERS:
                tar.add(home.root / name, name, filter=_lasting)
            progress("downloading the Python packages")
            tar.add(wheels.result(), "wheels")
        part.replace(target)
    except OSError as fault:
        raise _fault(fault, target) from fault
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return made


def read(file: Path) -> Made:
    """What a bundle is for. Raises UsageError where `file` is none."""
    try:
        with tarfile.open(file, "r:") as tar:
            first = tar.next()
            content = tar.extractfile(first) if first and first.name == INFO else None
            if content is None:
                raise ValueError("it doesn't begin with bundle.json")
            return Made(**jsontext.loads(content.read()))
    except (OSError, ValueError, TypeError, tarfile.TarError) as fault:
        raise UsageError(
            f"{file} is no bundle of the kit's: {fault}",
            "make one on a machine with internet: ./lab bundle FILE",
        ) from fault


def unpack(file: Path, progress: Progress = lambda _: None) -> Made:
    """Put what a bundle holds where set-up would have put it; what is there already stays.

    Raises UsageError where it isn't for machines like this one, DiskFull.
    """
    made = read(file)
    if misfits := made.misfits(Made.here()):
        raise UsageError(
            f"{file} is for another machine: {'; '.join(misfits)}",
            "make one on a machine like this one: ./lab bundle FILE",
        )
    home = Settings.from_env().paths
    try:
        with (
            tempfile.TemporaryDirectory(prefix="unpack-", dir=home.make(home.root)) as folder,
            tarfile.open(file, "r:") as tar,
        ):
            for member in tar:
                top = member.name.partition("/")[0]
                if top == PACKAGES and packages.present(home.packages) is None:
                    progress("unpacking the engine")
                    with tar.extractfile(member) or io.BytesIO() as packed:
                        _unpacked(packed, Path(folder))
                elif top in _FOLDERS and not (home.root / member.name).exists():
                    tar.extract(member, home.root, filter="data")
            if (unpacked := Path(folder) / "packages").is_dir():
                home.packages.parent.mkdir(parents=True, exist_ok=True)
                shutil.rmtree(home.packages, ignore_errors=True)  # of another format, or broken
                unpacked.rename(home.packages)
    except (tarfile.TarError, zstandard.ZstdError, EOFError) as fault:
        raise UsageError(f"{file} is damaged: {fault}", "copy it again, or make it anew") from fault
    except OSError as fault:
        raise _fault(fault, home.root) from fault
    return made


def _packed(packages_: Path, folder: Path) -> Path:
    """The unpacked packages as one compressed file."""
    target = folder / PACKAGES
    with (
        target.open("wb") as file,
        zstandard.ZstdCompressor().stream_writer(file) as squeezed,
        tarfile.open(fileobj=squeezed, mode="w|") as inner,
    ):
        inner.add(packages_, "packages")
    return target


def _unpacked(packed: IO[bytes], folder: Path) -> None:
    """The reverse: `folder`/packages is there again."""
    with (
        zstandard.ZstdDecompressor().stream_reader(packed) as plain,
        tarfile.open(fileobj=plain, mode="r|") as inner,
    ):
        inner.extractall(folder, filter="tar")


def _wheels(folder: Path) -> Path:
    """The wheels of the lock file, verified by their hashes. Raises EngineError if pip can't."""
    target = folder / "wheels"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--no-input"),
            *("--disable-pip-version-check", "--require-hashes", "--only-binary=:all:"),
            *("--requirement", str(course_root() / LOCK), "--dest", str(target)),
        ],
        env=tool_env(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise EngineError(
            "pip couldn't download the Python packages:\n"
            + "\n".join(done.stderr.strip().splitlines()[-3:]),
            "check that pip reaches its package index: HTTPS_PROXY, PIP_CERT, PIP_INDEX_URL",
        )
    return target


def _lasting(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """All but locks, logs and what is half written."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return None if entry.name.endswith(_TRANSIENT) else entry


def _fault(fault: OSError, where: Path) -> UsageError | DiskFull:
    if fault.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(
            f"no space is left for {where}",
            "free about a gigabyte, or choose a folder on another disk",
        )
    return UsageError(
        f"can't write {where}: {fault.strerror or fault}", "choose a folder that you may write to"
    )
