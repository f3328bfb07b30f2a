"""apt with sources, lists and cache of our own: it verifies, and the system stays as it is."""

from __future__ import annotations

import errno
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from buildlab.engine.packages.sources import Source
from buildlab.errors import EngineError
from buildlab.host import child
from buildlab.host.settings import tool_env

_NO_OPTIONAL = [
    f"--no-{kind}"
    for kind in ("recommends", "suggests", "conflicts", "breaks", "replaces", "enhances")
]

_UNPACK_LIMIT_S = 300
_CHECK = "check the network and the mirror: apt-get update"


@dataclass(frozen=True, slots=True)
class Apt:
    """A private apt. `folder` holds its sources, lists, cache and configuration."""

    folder: Path

    def prepare(self, sources: Sequence[Source], *, carried: bool = False) -> None:
        """Write its files. The system's network settings (proxy, login) still count, its hooks
        and pins don't. `carried` sources come from a bundle: their lists were signed some time
        ago, and the clock of a machine without internet may be wrong; the signature is what
        counts."""
        for name in ("lists/partial", "cache/archives/partial", "debs"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "own.sources").write_text("\n\n".join(s.stanza() for s in sources) + "\n")
        (self.folder / "status").touch()
        # Read last, in place of /etc/apt/apt.conf: only there can hooks be cleared.
        hooks = "".join(
            f"#clear {name};\n"
            for name in (
                *("APT::Update::Pre-Invoke", "APT::Update::Post-Invoke"),
                *("APT::Update::Post-Invoke-Success", "DPkg::Post-Invoke"),
            )
        )
        system = Path("/etc/apt/apt.conf")
        include = f'#include "{system}";\n' if system.is_file() else ""
        places = {
            "Dir::Etc::main": self.folder / "last.conf",
            "Dir::Etc::sourcelist": self.folder / "own.sources",
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::Etc::preferences": "/dev/null",
            "Dir::Etc::preferencesparts": "/dev/null",
            "Dir::State::lists": self.folder / "lists",
            "Dir::State::status": self.folder / "status",
            "Dir::State::extended_states": self.folder / "extended_states",
            "Dir::Cache": self.folder / "cache",
        }
        options = {
            "APT::Sandbox::User": "root",  # the folder may be closed to apt's own user
            "Acquire::AllowInsecureRepositories": "false",
            "Acquire::AllowWeakRepositories": "false",
            "APT::Get::AllowUnauthenticated": "false",
            "Acquire::Languages": "none",
            "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false",
            "Acquire::GzipIndexes": "false",
            "Acquire::Retries": "3",
        }
        if carried:
            options |= dict.fromkeys(("Acquire::Check-Valid-Until", "Acquire::Check-Date"), "false")
            options["Acquire::CompressionTypes::Order::"] = "uncompressed"
        (self.folder / "first.conf").write_text(_lines(places))
        (self.folder / "last.conf").write_text(include + hooks + _lines(options))

    def update(self) -> None:
        """Fetch the lists. Raises EngineError with apt's own words."""
        self._run("apt-get", "-q", "update", "--error-on=any")

    def version(self, package: str) -> str:
        """The version that would be downloaded, "" where the sources have none."""
        text = self._run("apt-cache", "policy", package)
        found = re.search(r"Candidate: (\S+)", text)
        return found[1] if found and found[1] != "(none)" else ""

    def needed_by(self, packages: Sequence[str]) -> set[str]:
        """These packages and all that they depend on, by name."""
        text = self._run("apt-cache", "depends", "--recurse", *_NO_OPTIONAL, *packages)
        return set(re.findall(r"^([a-z0-9][a-z0-9.+-]+)$", text, re.M))

    def download(self, packages: Sequence[str]) -> list[Path]:
        """Fetch packages, verified by apt. Returns the files."""
        self._run("apt-get", "-q", "download", *packages, folder=self.folder / "debs")
        return sorted((self.folder / "debs").glob("*.deb"))

    def indexes(self) -> list[dict[str, str]]:
        """The lists of packages that `update` fetched, as `apt-get indextargets` tells of them."""
        blocks = self._run("apt-get", "indextargets", "Created-By: Packages").split("\n\n")
        found = [dict(re.findall(r"^([\w-]+): (.*)$", block, re.M)) for block in blocks]
        return [index for index in found if Path(index.get("Filename", "/")).is_file()]

    def addresses(self, packages: Sequence[str]) -> dict[str, str]:
        """Where packages would be downloaded from: the file's name → its URI."""
        text = self._run("apt-get", "-qq", "--print-uris", "download", *packages)
        return {name: uri for uri, name in re.findall(r"^'([^']+)' (\S+) ", text, re.M)}

    def sizes(self, packages: Sequence[str]) -> int:
        """How many bytes would be downloaded."""
        text = self._run("apt-get", "-qq", "--print-uris", "download", *packages)
        return sum(map(int, re.findall(r"^'[^']+' \S+ (\d+) ", text, re.M)))

    def _run(self, *argv: str, folder: Path | None = None) -> str:
        env = tool_env(APT_CONFIG=str(self.folder / "first.conf"), DEBIAN_FRONTEND="noninteractive")
        done = child.run(
            argv,
            cwd=folder or self.folder,
            env=env,
            limit_s=600,
            what=" ".join(argv[:3]),
            late=_CHECK,
        )
        if not done.ok:
            said = [x for x in done.err.splitlines() if x.startswith(("E:", "W:"))]
            raise EngineError(
                f"apt couldn't fetch the engine's packages ({' '.join(argv[:2])}):\n"
                + ("\n".join(said[-4:]) or done.last(4)),
                _CHECK,
            )
        return done.out


def _lines(options: Mapping[str, object]) -> str:
    return "".join(f'{name} "{value}";\n' for name, value in options.items())


def installed() -> set[str]:
    """Names of the packages that are installed on the host."""
    argv = ["dpkg-query", "--show", "--showformat=${db:Status-Status} ${Package}\n"]
    text = child.run(argv, limit_s=60).out
    return {line.split()[1] for line in text.splitlines() if line.startswith("installed ")}


def unpack(deb: Path, root: Path) -> None:
    """Unpack a package into a folder. Raises EngineError, OSError where no space is left."""
    done = child.run(["dpkg", "-x", deb, root], limit_s=_UNPACK_LIMIT_S)
    if "No space left" in done.err:
        raise OSError(errno.ENOSPC, "No space left on device")
    done.require_ok(f"can't unpack {deb.name}", "try again; the download is checked each time")
