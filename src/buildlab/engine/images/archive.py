"""Where Debian packages come from: this machine's own mirror, else mmdebstrap's default."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from buildlab.engine.packages import sources
from buildlab.engine.packages.apt import Apt, unpack
from buildlab.errors import DiskFull, EngineError
from buildlab.host import child
from buildlab.host.settings import tool_env

SUITE = "trixie"
_FETCH_LIMIT_S = 600
_KEYRING = "usr/share/keyrings/debian-archive-keyring.gpg"


@dataclass(frozen=True, slots=True)
class Archive:
    """The URIs of Debian's archive and of its security fixes; "" is mmdebstrap's own default."""

    debian: str = ""
    security: str = ""

    @classmethod
    def of_this_machine(cls) -> Archive:
        """What a Debian machine's apt asks; mmdebstrap's default on any other machine."""
        host = _host()
        if host is None or host.id != "debian":
            return cls()
        own = sources.own_suite(sources.read_all(Path("/etc/apt")), host)
        security = [s.uris for s in own if any("security" in name for name in s.suites)]
        return cls(
            _first(sources.other_suite(own, SUITE).uris), _first(security[0] if security else "")
        )

    def one_line(self, keyring: Path) -> str:
        """For mmdebstrap: apt's one-line format."""
        return "".join(f"deb [signed-by={keyring}] {uri} {s} main\n" for uri, s in self._suites())

    def stanzas(self) -> str:
        """For the image, as /etc/apt/sources.list.d/debian.sources."""
        return "\n".join(
            sources.Source(uri, (suite,), ("main",), f"/{_KEYRING}").stanza() + "\n"
            for uri, suite in self._suites()
        )

    def _suites(self) -> list[tuple[str, str]]:
        return [
            (self.debian, SUITE),
            (self.debian, f"{SUITE}-updates"),
            *([(self.security, f"{SUITE}-security")] if self.security else []),
        ]


@dataclass(frozen=True, slots=True)
class Tools:
    """mmdebstrap and Debian's keys: the machine's own, else unpacked into a folder of ours."""

    mmdebstrap: Path
    keyring: Path


def tools(folder: Path) -> Tools:
    """Get the tools; what is missing is downloaded by apt, verified, and unpacked to `folder`.

    Raises EngineError where this machine has no apt or its archive has no mmdebstrap.
    """
    own = shutil.which("mmdebstrap")
    keyring = Path("/") / _KEYRING
    missing = [] if own else ["mmdebstrap"]
    missing += [] if keyring.is_file() else ["debian-archive-keyring"]
    root = folder / "root"
    if missing:
        _fetch(missing, folder, root)
    found = Tools(
        Path(own) if own else root / "usr/bin/mmdebstrap",
        keyring if keyring.is_file() else root / _KEYRING,
    )
    _prove(found.mmdebstrap)
    return found


def _fetch(packages: list[str], folder: Path, root: Path) -> None:
    host = _host()
    if host is None or shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        raise EngineError(
            "base images can't be pulled, and only a Debian or Ubuntu machine can assemble them",
            "make Docker Hub and gcr.io reachable, or load the images: docker load",
        )
    try:
        for deb in _download(packages, folder, host):
            unpack(deb, root)
    except OSError as error:
        raise DiskFull(
            f"{' and '.join(packages)} can't be unpacked: {error.strerror}",
            "free some space, or set BUILDLAB_HOME to a folder on another disk",
        ) from error


def _download(packages: list[str], folder: Path, host: sources.Distribution) -> list[Path]:
    """By the machine's own package lists where it has them, else by lists of our own."""
    debs = folder / "debs"
    debs.mkdir(parents=True, exist_ok=True)
    argv = ["apt-get", "-q", "download", *packages]
    if child.run(argv, cwd=debs, env=tool_env(), limit_s=_FETCH_LIMIT_S).ok:
        return sorted(debs.glob("*.deb"))
    apt = Apt(folder / "apt")
    apt.prepare(sources.own_suite(sources.read_all(Path("/etc/apt")), host))
    apt.update()
    return apt.download(packages)


def _prove(mmdebstrap: Path) -> None:
    if not child.said([mmdebstrap, "--version"], limit_s=20):
        raise EngineError(
            "mmdebstrap, which assembles the base images, does not run here: it needs perl",
            "as root: apt-get install mmdebstrap",
        )


def _first(uris: str) -> str:
    return uris.split(maxsplit=1)[0].rstrip("/") if uris else ""


def _host() -> sources.Distribution | None:
    try:
        return sources.distribution(Path("/etc/os-release").read_text("utf-8"))
    except OSError:
        return None
