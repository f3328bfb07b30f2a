"""A piece of the distribution's archive in a folder: what a bundle carries for the engine.

As a mirror has it, so that apt on the other machine verifies all of it: the signed list of lists
(InRelease), the lists, and the packages. Only the lists are compressed, by us: what a signature
covers is the plain list.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import quote, unquote

import zstandard

from buildlab.engine.packages import sources
from buildlab.engine.packages.apt import Apt
from buildlab.engine.packages.sources import Distribution, Source
from buildlab.errors import EngineError

_SIGNED = ("InRelease", "Release", "Release.gpg")
_LIST_LIMIT_BYTES = 1 << 30
_PIECE = 1 << 20


def write(apt: Apt, packages: Sequence[str], folder: Path) -> None:
    """Add packages and their lists to a folder. Raises EngineError where apt can't, OSError."""
    indexes = apt.indexes()
    for index in indexes:
        file, key = Path(index["Filename"]), index["MetaKey"]
        release = folder / "dists" / index["Release"]
        prefix = file.name.removesuffix(key.replace("/", "_"))
        for name in _SIGNED:
            if (signed := file.with_name(f"{prefix}{name}")).is_file():
                release.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(signed, release / name)
        packed = release / f"{key}.zst"
        packed.parent.mkdir(parents=True, exist_ok=True)
        with file.open("rb") as plain, packed.open("wb") as target:
            zstandard.ZstdCompressor(level=3).copy_stream(plain, target)
    places = apt.addresses(packages)
    for deb in apt.download(packages):
        uri = places[deb.name]
        base = next(i["Repo-URI"] for i in indexes if uri.startswith(i["Repo-URI"]))
        target_deb = folder / unquote(uri.removeprefix(base))
        target_deb.parent.mkdir(parents=True, exist_ok=True)
        deb.replace(target_deb)


def sources_of(folder: Path, host: Distribution) -> list[Source]:
    """The folder as apt sources, one for each suite, with the keys that this machine has for it.

    The lists are unpacked beside the packed ones. Raises EngineError where one is no list.
    """
    try:
        own = sources.own_suite(sources.read_all(Path("/etc/apt")), host)
    except EngineError:  # a machine without internet may have none
        own = []
    found = []
    for suite in sorted(p.name for p in folder.glob("dists/*")):
        for packed in sorted(folder.glob(f"dists/{suite}/*/*/*.zst")):
            _plain(packed)
        components = tuple(sorted(p.name for p in folder.glob(f"dists/{suite}/*") if p.is_dir()))
        uri = f"copy:{quote(str(folder))}"
        found.append(Source(uri, (suite,), components, _keys(suite, own, host)))
    return found


def require_named(apt: Apt) -> None:
    """Raises EngineError where a list is signed, but as that of another suite: apt only warns."""
    for index in apt.indexes():
        names = (index.get("Codename", ""), index.get("Suite", ""))
        if index["Release"] not in names:
            raise EngineError(f"the lists of {names[0]} stand where {index['Release']} is", _AGAIN)


def as_of(folder: Path) -> datetime | None:
    """When the newest of the lists was signed, by what they say; None where none says it."""
    dates = []
    for name in _SIGNED[:2]:
        for file in folder.glob(f"dists/*/{name}"):
            said = re.search(r"^Date: (.*)$", file.read_text(errors="replace"), re.M)
            try:
                dates.append(parsedate_to_datetime(said[1] if said else "").astimezone(UTC))
            except ValueError:
                continue
    return max(dates, default=None)


def _keys(suite: str, own: Sequence[Source], host: Distribution) -> str:
    """What this machine's source of that suite is signed by, else its distribution's keyring."""
    named = [s for s in own if suite in s.suites] or own
    said = [s.signed_by for s in named if s.signed_by]
    said.sort(key=lambda key: "archive-keyring" not in key)
    keyring = Path(f"/usr/share/keyrings/{host.id}-archive-keyring.gpg")
    return said[0] if said else str(keyring) if keyring.is_file() else ""


def _plain(packed: Path) -> None:
    plain = packed.with_suffix("")
    size = 0
    try:
        with (
            packed.open("rb") as source,
            plain.open("wb") as target,
            zstandard.ZstdDecompressor().stream_reader(source) as unpacked,
        ):
            while piece := unpacked.read(_PIECE):
                size += len(piece)
                if size > _LIST_LIMIT_BYTES:
                    raise EngineError(f"{packed.name} unpacks without an end", _AGAIN)
                target.write(piece)
    except zstandard.ZstdError as fault:
        raise EngineError(f"{packed.name} is no list of packages: {fault}", _AGAIN) from fault


_AGAIN = "make the bundle anew: ./lab bundle FILE"
