"""One file with all that set-up downloads: for machines without internet.

A plain tar, as `sealed` writes and reads it: a list with the digest of each part, then the parts.

    bundle.json   what it is for (architecture, distribution, Python, kit version), and the list
    debian/       the engine's Debian packages with their signed lists, as a mirror has them
    images/       base images as OCI layouts, and the layers they are made of
    modules/      the lessons' Go modules
    wheels/       the Python packages of requirements.lock

Nothing of it is used before all of it was verified against the list, and what runs as root
outside of builds, the engine, is verified once more: by apt, with the keys of the machine itself.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from buildlab import loading
from buildlab.engine import images
from buildlab.engine.embedded import shared
from buildlab.engine.packages import carried, ensuring, sources
from buildlab.errors import DiskFull, EngineError, UsageError, no_space
from buildlab.host import child, private
from buildlab.host.contents import MARK
from buildlab.host.settings import Settings, tool_env
from buildlab.setup import modules, sealed
from buildlab.setup.jupyter import course_root

Progress = Callable[[str], None]

FORMAT = sealed.FORMAT
INFO = sealed.INFO
LOCK = "requirements.lock"
_FOLDERS = ("images", "modules")
_TRANSIENT = (".lock", ".part", ".log", MARK)
_PIP_LIMIT_S = 3600
_MAKE = "make one on a machine with internet: ./lab bundle FILE"


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
    """Write the bundle, whole or not at all. Fetches what this machine doesn't have yet, and the
    engine's packages, which are not kept packed.

    Raises EngineError where this machine can't have the kit's own engine, DiskFull, BuildFailed
    where a Go module can't be downloaded, and UsageError where `target` can't be written.
    """
    home = Settings.from_env().paths
    engine = shared.ensure(progress=progress)
    images.ensure(engine, progress=progress)
    images.assemble(progress=progress)
    modules.ensure(engine, progress)
    made = Made.here()
    target = target.absolute()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with (
            home.ours.temporary(target) as beside,  # said before minutes of work
            home.ours.temporary(home.make(home.root) / "bundle") as folder,
            ThreadPoolExecutor(1) as aside,  # pip and apt wait for the network
        ):
            wheels = aside.submit(_wheels, folder)
            (debian := folder / "debian").mkdir()
            ensuring.carry(debian, progress)
            progress("downloading the Python packages")
            found = {"debian": debian, "wheels": wheels.result()}
            found |= {name: home.root / name for name in _FOLDERS}
            files = {
                f"{name}/{path.relative_to(top).as_posix()}": path
                for name, top in found.items()
                for path in top.rglob("*")
                if path.is_file() and not path.is_symlink() and not path.name.endswith(_TRANSIENT)
            }
            progress("packing")
            part = beside / "bundle"
            part.touch(mode=0o600)
            sealed.write(part, asdict(made), files)
            part.replace(target)
    except OSError as fault:
        raise _fault(fault, target) from fault
    return made


def digest(file: Path) -> str:
    """What `unpack` can be told to require: `sha256:…`. Raises UsageError as `read` does."""
    return _listed(file).digest


def read(file: Path) -> Made:
    """What a bundle is for. Raises UsageError where `file` is none."""
    return _made(file, _listed(file))


def unpack(file: Path, progress: Progress = lambda _: None, *, digest: str = "") -> Made:
    """Put what a bundle holds where set-up would have put it; what is there already stays.

    With `digest`, only a bundle that has it. Nothing is placed before every part was verified,
    and the engine's packages by apt. Raises UsageError where anything is not as the list or a
    signature says, or where it isn't for machines like this one; DiskFull.
    """
    home = Settings.from_env().paths
    needed = ensuring.present(home.packages) is None

    def wanted(part: sealed.Part) -> bool:
        top = part.path.partition("/")[0]
        return needed if top == "debian" else top in _FOLDERS and not _there(home.root, part)

    def accept(contents: sealed.Contents) -> None:
        if misfits := _made(file, contents).misfits(Made.here()):
            raise UsageError(
                f"{file} is for another machine: {'; '.join(misfits)}",
                "make one on a machine like this one: ./lab bundle FILE",
            )

    first = _listed(file)  # before there is a home
    with _refusals():
        sealed.require(file, first, digest)
    accept(first)
    new = not home.root.exists()
    try:
        with home.ours.temporary(home.make(home.root) / "unpack") as folder:
            progress("verifying")
            with _refusals():
                found = sealed.unpack(
                    file, folder, digest=first.digest, wanted=wanted, accept=accept
                )
            if (folder / "debian").is_dir():
                _engine(file, home.packages, folder / "debian", progress)
            progress("placing images and modules")
            for name in _FOLDERS:
                home.make(home.root / name)
            _place(folder, home.root)
    except OSError as fault:
        raise _fault(fault, home.root) from fault
    finally:
        if new:
            home.ours.forget()  # where nothing was placed, nothing stays
    return _made(file, found)


def _there(root: Path, part: sealed.Part) -> bool:
    return os.path.lexists(root / part.path)


def _engine(file: Path, target: Path, debian: Path, progress: Progress) -> None:
    signed = carried.as_of(debian)
    days = (datetime.now(UTC) - signed).days if signed else 0
    if days > 0:
        progress(f"the engine's packages are {days} days old")
    try:
        ensuring.ensure(target, progress, bundled=debian)
    except EngineError as fault:
        raise UsageError(
            f"{file}: its Debian packages can't be used with what this machine trusts:\n"
            f"{fault.message}",
            "copy it again, or make it anew: ./lab bundle FILE",
        ) from fault


def _place(folder: Path, root: Path) -> None:
    """Move files to the home; an image's index last, as it says that the image is whole."""
    found = [p for name in _FOLDERS for p in (folder / name).rglob("*") if p.is_file()]
    for path in sorted(found, key=lambda p: (p.name == "index.json", p)):
        target = root / path.relative_to(folder)
        private.make_folder(target.parent)
        path.rename(target)


def _made(file: Path, contents: sealed.Contents) -> Made:
    with loading.needed(f"{file} is no bundle of the kit's", _MAKE, UsageError):
        return loading.from_data(Made, contents.info)


def _listed(file: Path) -> sealed.Contents:
    try:
        with _refusals():
            return sealed.contents(file)
    except OSError as fault:
        raise UsageError(f"{file} is no bundle of the kit's: {fault.strerror}", _MAKE) from fault


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except sealed.Refused as refused:
        raise UsageError(str(refused), refused.hint) from refused


def _wheels(folder: Path) -> Path:
    """The wheels of the lock file, verified by their hashes. Raises EngineError if pip can't."""
    target = folder / "wheels"
    check = "check that pip reaches its package index: HTTPS_PROXY, PIP_CERT, PIP_INDEX_URL"
    done = child.run(
        [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--no-input"),
            *("--disable-pip-version-check", "--require-hashes", "--only-binary=:all:"),
            *("--requirement", str(course_root() / LOCK), "--dest", str(target)),
        ],
        env=tool_env(),
        limit_s=_PIP_LIMIT_S,
        what="pip download",
        late=check,
    )
    done.require_ok("pip couldn't download the Python packages", check, lines=3)
    return target


def _fault(fault: OSError, where: Path) -> UsageError | DiskFull:
    if no_space(fault):
        return DiskFull(
            f"no space is left for {where}",
            "free about a gigabyte, or choose a folder on another disk",
        )
    return UsageError(
        f"can't write {where}: {fault.strerror or fault}", "choose a folder that you may write to"
    )
