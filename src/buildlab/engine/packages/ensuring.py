"""Get the engine's packages: from the host's own mirror, verified by apt, into one folder."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import unquote

from buildlab import loading
from buildlab.engine.packages import able, arriving, binaries, carried, sources
from buildlab.engine.packages.apt import Apt, installed, unpack
from buildlab.errors import BuildlabError, DiskFull, EngineError, no_space
from buildlab.host import fitness, private
from buildlab.host.contents import PACKAGES, VERSIONS
from buildlab.host.ours import Ours, names
from buildlab.host.settings import Settings

Progress = Callable[[str], None]

FORMAT = 1
OLDEST_DOCKER = (26, 0)
OLDEST_BUILDX = (0, 13)
# Where the host's own Docker is too old: these suites of the same archive, in this order.
_NEWER_SUITES = ("forky", "testing")

_DOCKER = ("docker.io", "docker-buildx", "containerd")
_DOCKER_OPTIONAL = ("docker-cli", "docker-registry")
_SYSTEM = ("runc", "tini", "iptables", "slirp4netns", "busybox-static")


@dataclass(frozen=True, slots=True)
class _Got:
    """What `versions.json` says."""

    format: int
    packages: dict[str, str]
    architecture: str = ""


@dataclass(frozen=True, slots=True)
class Packages:
    """The unpacked packages: `folder` and what was got, name → version."""

    folder: Path
    versions: dict[str, str]

    def upstream(self, package: str) -> str:
        """A package's version without Debian's own parts: "0.29.1" of "0.29.1+ds1-4"."""
        found = re.match(r"(?:\d+:)?(\d+(?:\.\d+)*)", self.versions.get(package, ""))
        return found[1] if found else ""


def present(folder: Path) -> Packages | None:
    """The packages in this folder, None where there are none or they are of another format."""
    got = loading.kept(_Got, folder / VERSIONS)
    return Packages(folder, got.packages) if got and got.format == FORMAT else None


def ensure(
    folder: Path,
    progress: Progress = lambda _: None,
    ours: Ours | None = None,
    bundled: Path | None = None,
) -> Packages:
    """The packages in this folder, fetched and unpacked where they aren't there yet.

    `ours` is the list of the home that makes it (default: of the home in force). `bundled` is
    what `carry` wrote on another machine, in place of a mirror; apt verifies it with the keys of
    this machine.

    Crash-safe: the folder appears whole or not at all. Raises EngineError where the machine
    can't, where apt can't, where the programs don't run here, where others could exchange them,
    or where the folder holds what isn't the kit's; DiskFull.
    """
    fitness.require_safe_programs(folder)
    found = present(folder)
    if found is not None:
        return found
    if why := able.problems():
        raise EngineError(
            f"this machine can't run the embedded engine: {'; '.join(why)}",
            "start Docker, and buildlab uses it; or as root on Debian or Ubuntu: "
            "apt-get install util-linux apt dpkg",
        )
    ours = ours or Settings.from_env().paths.ours
    try:
        ours.make_home()
        _require_free(folder, ours)
        private.make_folder(folder.parent)
        with ours.temporary(folder) as part:
            versions = _fetch(part, progress, bundled)
            put(part / "new", folder, ours)
    except OSError as error:
        raise _fault(error, folder) from error
    return Packages(folder, versions)


def carry(folder: Path, progress: Progress = lambda _: None) -> None:
    """Write all that `ensure` would fetch on a machine like this one, with signatures and lists.

    Raises EngineError where apt can't.
    """
    with (
        tempfile.TemporaryDirectory(prefix="carry-", dir=folder.parent) as name,
        ThreadPoolExecutor() as pool,
    ):
        progress("reading the package lists")
        system, docker = _archives(Path(name), pool, None)
        progress("downloading the engine's packages")
        optional = [p for p in _DOCKER_OPTIONAL if docker.version(p)]
        # All libraries: which of them the other machine has is not known here.
        libraries = {p for p in system.needed_by(_SYSTEM) if p.startswith("lib")}
        own = [*_SYSTEM, *sorted(libraries - {"libc6", "libgcc-s1"})]
        if system is docker:
            carried.write(system, [*own, *_DOCKER, *optional], folder)
        else:
            carried.write(system, own, folder)
            carried.write(docker, [*_DOCKER, *optional], folder)


def put(new: Path, folder: Path, ours: Ours) -> None:
    """Move unpacked packages to where they are used, in place of a kit's of another format.

    Raises OSError, and EngineError where `folder` holds what isn't the kit's.
    """
    _require_free(folder, ours)
    ours.remove(folder, PACKAGES)
    ours.place(new, folder, VERSIONS)


def _require_free(folder: Path, ours: Ours) -> None:
    if folder.is_dir() and (others := ours.parted(folder, PACKAGES).others):
        raise EngineError(
            f"{folder} is no folder of buildlab's: it holds {names([p.name for p in others])}",
            "keep the engine's packages elsewhere: export BUILDLAB_PACKAGES=/path/to/folder",
        )


def _fetch(part: Path, progress: Progress, bundled: Path | None) -> dict[str, str]:
    """Fill `part/new`; returns what was got, package → version."""
    with ThreadPoolExecutor() as pool:
        progress("verifying the package lists" if bundled else "reading the package lists")
        system, docker = _archives(part, pool, bundled)
        progress("verifying the engine" if bundled else "downloading the engine")
        there = installed()
        libraries = {p for p in system.needed_by(_SYSTEM) if p.startswith("lib")} - there
        optional = [p for p in _DOCKER_OPTIONAL if docker.version(p)]
        batches = [
            (system, [*_SYSTEM, *sorted(libraries - {"libc6", "libgcc-s1"})]),
            (docker, [*_DOCKER, *optional]),
        ]
        if system is docker:  # two apts in one folder would wait for each other's lock
            batches = [(system, batches[0][1] + batches[1][1])]
        with arriving.counted(batches, progress):
            got = pool.map(lambda b: b[0].download(b[1]), batches)
            debs = [deb for files in got for deb in files]
        progress("unpacking the engine")
        new = part / "new"
        private.make_folder(new / "root")
        list(pool.map(lambda deb: unpack(deb, new / "root"), debs))
    binaries.link(new)
    progress("checking that the engine runs here")
    binaries.prove(new)
    versions = dict(_name_and_version(deb) for deb in debs)
    state = asdict(_Got(FORMAT, versions, os.uname().machine))
    private.write(new / VERSIONS, json.dumps(state, indent=1, sort_keys=True))
    return versions


def _archives(part: Path, pool: ThreadPoolExecutor, bundled: Path | None) -> tuple[Apt, Apt]:
    """The host's own suite, and the one to take Docker from (the same where it is new enough)."""
    host = able.host()
    if host is None:
        raise EngineError("this is neither Debian nor Ubuntu", "start Docker, and buildlab uses it")
    if bundled:
        known = carried.sources_of(bundled, host)
        own = [s for s in known if not set(s.suites) & set(_NEWER_SUITES)]
        newer = [s for s in known if s not in own]
    else:
        own = sources.own_suite(sources.read_all(Path("/etc/apt")), host)
        newer = [sources.other_suite(own, suite) for suite in _NEWER_SUITES]
    system = Apt(part / "own")
    system.prepare(own, carried=bundled is not None)
    # Debian 12 needs both lists: fetch the second one meanwhile.
    early = pool.submit(_newer, part, newer, bundled) if host.codename == "bookworm" else None
    system.update()
    if bundled:
        carried.require_named(system)
    if _new_enough(system):
        return system, system
    if host.id != "debian":
        raise EngineError(
            f"docker.io of {host.codename} is older than {OLDEST_DOCKER[0]}",
            "install Docker with buildx on this system, and buildlab uses it",
        )
    return system, early.result() if early else _newer(part, newer, bundled)


def _newer(part: Path, newer: list[sources.Source], bundled: Path | None) -> Apt:
    """The first newer suite of the same archive that has what is needed."""
    fault: BuildlabError | None = None
    for source in newer:
        apt = Apt(part / source.suites[0])
        apt.prepare([source], carried=bundled is not None)
        try:
            apt.update()
            if bundled:
                carried.require_named(apt)
        except EngineError as error:
            fault = error
            continue
        if _new_enough(apt):
            return apt
    raise fault or EngineError(
        f"the machine's mirror has no docker.io of version {OLDEST_DOCKER[0]} or later",
        "install Docker with buildx on this system, and buildlab uses it",
    )


def _new_enough(apt: Apt) -> bool:
    return (
        _numbers(apt.version("docker.io")) >= OLDEST_DOCKER
        and _numbers(apt.version("docker-buildx")) >= OLDEST_BUILDX
    )


def _numbers(version: str) -> tuple[int, ...]:
    """The leading numbers of a Debian version, without its epoch; (0,) where there are none."""
    found = re.match(r"(?:\d+:)?(\d+(?:\.\d+)*)", version)
    return tuple(int(n) for n in found[1].split(".")) if found else (0,)


def _name_and_version(deb: Path) -> tuple[str, str]:
    name, version, _ = unquote(deb.name).split("_")
    return name, version


def _fault(error: OSError, folder: Path) -> BuildlabError:
    if no_space(error):
        return DiskFull(
            f"no space is left in {folder.parent}: the engine's packages need about 500 MB",
            "free some space, or set BUILDLAB_HOME to a folder on another disk",
        )
    return EngineError(
        f"can't write to {folder.parent}: {error.strerror}",
        "set BUILDLAB_HOME to a folder that you may write to",
    )
