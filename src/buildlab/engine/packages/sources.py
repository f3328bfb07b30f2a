"""The machine's own apt sources: which mirror and which keyring its distribution comes from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from buildlab.errors import EngineError

_ALIASES = ("stable", "oldstable", "testing", "unstable", "sid", "devel")
_SUFFIXES = ("", "-updates", "-security", "/updates")


@dataclass(frozen=True, slots=True)
class Source:
    """One apt source. `signed_by` is the field as found, key block and all; "" for apt's own."""

    uris: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str = ""

    def stanza(self) -> str:
        """As deb822. Options such as Trusted are left behind: signatures are always checked."""
        lines = [
            "Types: deb",
            f"URIs: {self.uris}",
            f"Suites: {' '.join(self.suites)}",
            f"Components: {' '.join(self.components)}",
        ]
        return "\n".join(lines + ([f"Signed-By: {self.signed_by}"] if self.signed_by else []))


@dataclass(frozen=True, slots=True)
class Distribution:
    """What /etc/os-release says: `id` is debian or ubuntu (or like one), `codename` its suite."""

    id: str
    codename: str

    @property
    def components(self) -> tuple[str, ...]:
        """Where the engine's packages lie; all are free software."""
        return ("main", "universe") if self.id == "ubuntu" else ("main",)


def distribution(os_release: str) -> Distribution | None:
    """Read os-release; None where it is neither Debian nor Ubuntu nor like one."""
    pairs = re.findall(r'^([A-Z_]+)="?(.*?)"?$', os_release, re.M)
    fields: Mapping[str, str] = dict(pairs)
    names = [fields.get("ID", ""), *fields.get("ID_LIKE", "").split()]
    codename = fields.get("UBUNTU_CODENAME") or fields.get("VERSION_CODENAME", "")
    kind = next((n for n in ("ubuntu", "debian") if n in names), "")
    return Distribution(kind, codename) if kind else None


def read_all(etc_apt: Path) -> list[Source]:
    """All binary sources in sources.list and sources.list.d, of both formats, in apt's order."""
    found: list[Source] = []
    for file in (etc_apt / "sources.list", *sorted((etc_apt / "sources.list.d").glob("*"))):
        if not file.is_file():
            continue
        text = file.read_text(errors="replace")
        if file.suffix == ".sources":
            found += parse_deb822(text)
        elif file.suffix == ".list":
            found += parse_one_line(text)
    return found


def parse_deb822(text: str) -> list[Source]:
    """Sources in the deb822 format; disabled ones and source packages left out."""
    found = []
    for block in re.split(r"\n\s*\n", re.sub(r"^#.*\n?", "", text, flags=re.M)):
        fields = {
            m[1].lower(): m[2].strip()
            for m in re.finditer(r"^([\w-]+):((?:.*)(?:\n[ \t].*)*)", block, re.M)
        }
        enabled = fields.get("enabled", "yes").lower() not in ("no", "false", "0", "off")
        if enabled and "deb" in fields.get("types", "").split() and fields.get("uris"):
            signed_by = fields.get("signed-by", "")
            if "\n" in signed_by:  # an embedded key: continuation lines start with a space
                signed_by = "\n " + "\n ".join(line.strip() for line in signed_by.splitlines())
            found.append(
                Source(
                    " ".join(fields["uris"].split()),
                    tuple(fields.get("suites", "").split()),
                    tuple(fields.get("components", "").split()),
                    signed_by,
                )
            )
    return found


def parse_one_line(text: str) -> list[Source]:
    """Sources in the one-line format."""
    found = []
    for match in re.finditer(r"^deb\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)\s*([^#\n]*)", text, re.M):
        signed_by = re.search(r"signed-by=(\S+)", match[1] or "")
        key = signed_by[1].replace(",", " ") if signed_by else ""
        found.append(Source(match[2], (match[3],), tuple(match[4].split()), key))
    return found


def own_suite(sources: Iterable[Source], host: Distribution) -> list[Source]:
    """The host's own suite, its updates and security fixes. Raises EngineError if not listed."""
    names = [host.codename, *_ALIASES] if host.codename else list(_ALIASES)
    wanted = {name + suffix for name in names for suffix in _SUFFIXES}
    found = []
    for source in sources:
        suites = tuple(s for s in source.suites if s in wanted)
        if suites and "main" in source.components:
            found.append(Source(source.uris, suites, host.components, source.signed_by))
    if not any(host.codename in s.suites or set(_ALIASES) & set(s.suites) for s in found):
        raise EngineError(
            f"no apt source of this machine holds {host.codename or 'its own suite'} main",
            "add it to /etc/apt/sources.list.d, or use an existing Docker engine",
        )
    return found


def other_suite(own: Sequence[Source], suite: str) -> Source:
    """Another suite of the archive that the host's own suite comes from."""
    archive = [s for s in own if any(not re.search(r"-|/", name) for name in s.suites)]
    archive.sort(key=lambda s: "debian-archive" not in s.signed_by)
    return Source(archive[0].uris, (suite,), archive[0].components, archive[0].signed_by)
