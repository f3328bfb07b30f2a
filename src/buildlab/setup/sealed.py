"""A bundle as a file: a list of parts with their digests, then the parts, in a plain tar.

The list comes first, so its digest stands for all that follows. Who reads a bundle believes
nothing else: an entry has to be the next one of the list, a plain file of that size, and what is
copied out is what was hashed. Anything else in the file is refused.

Needs Python's own library only, and runs as a script: `./lab` takes the wheels out with it
before there is an environment.

    python -I sealed.py FILE DIGEST FOLDER     wheels/ of FILE to FOLDER; prints its Python
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import sys
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

FORMAT = 3
INFO = "bundle.json"
PARTS = "parts"
FOLDERS = ("debian", "images", "modules", "wheels")

_INFO_LIMIT_BYTES = 16 << 20
_PARTS_LIMIT = 50_000
_TOTAL_LIMIT_BYTES = 16 << 30
_PIECE = 1 << 20
_AGAIN = "copy it again, or make it anew: ./lab bundle FILE"
_NAME = re.compile(r"[^\x00-\x1f\x7f/\\]{1,255}")
_BLOB = re.compile(r"images/[^/]+/blobs/sha256/(.*)")


class Refused(Exception):
    """A file that is not what it says; `hint` begins with what to do."""

    def __init__(self, message: str, hint: str = _AGAIN) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Part:
    """A file of a bundle. Of parts with the same content only the first is in the tar."""

    path: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Contents:
    """The list of a bundle: `info` is what it is for, `digest` that of the list itself."""

    info: Mapping[str, Any]
    parts: tuple[Part, ...]
    digest: str

    @property
    def stored(self) -> tuple[Part, ...]:
        """The parts that are in the tar, in its order."""
        first = {part.sha256: part for part in reversed(self.parts)}
        return tuple(part for part in self.parts if first[part.sha256] is part)


def write(file: Path, info: Mapping[str, Any], files: Mapping[str, Path]) -> None:
    """Write a bundle: `files` by the path that they have in it. Raises OSError."""
    parts = []
    for path, source in sorted(files.items()):
        with source.open("rb") as content:
            parts.append(Part(path, _hashed(content), source.stat().st_size))
    told = {part.path: [part.sha256, part.size_bytes] for part in parts}
    listed = json.dumps({**info, PARTS: told}, indent=1).encode()
    with tarfile.open(file, "w", format=tarfile.GNU_FORMAT) as tar:
        tar.addfile(_entry(INFO, len(listed)), io.BytesIO(listed))
        for part in Contents(info, tuple(parts), "").stored:
            with files[part.path].open("rb") as content:
                tar.addfile(_entry(part.path, part.size_bytes), content)


def contents(file: Path) -> Contents:
    """Read the list. Raises Refused where there is none that is in order."""
    with _opened(file) as (tar, _):
        return _contents(file, tar)


def unpack(
    file: Path,
    folder: Path,
    *,
    digest: str = "",
    wanted: Callable[[Part], bool] = lambda _: True,
    accept: Callable[[Contents], None] = lambda _: None,
) -> Contents:
    """Copy the wanted parts of a bundle to `folder`, which is empty and nobody else's.

    With a `digest` the list has to have it. `accept` sees the list before any part is read, and
    may raise. Raises Refused for anything that is not as listed, and OSError.
    """
    with _opened(file) as (tar, raw):
        found = _contents(file, tar)
        require(file, found, digest)
        accept(found)
        twins: dict[str, list[Part]] = {}
        for part in found.parts:
            twins.setdefault(part.sha256, []).append(part)
        for part in found.stored:
            targets = [folder / twin.path for twin in twins[part.sha256] if wanted(twin)]
            _copy(file, tar, part, targets)
        if (extra := _next(file, tar)) is not None:
            raise Refused(f"{file} is damaged or was changed: {extra.name!r} is not in its list")
        while rest := raw.read(_PIECE):
            if rest.strip(b"\0"):
                raise Refused(f"{file} is damaged or was changed: something follows its end")
    return found


def require(file: Path, found: Contents, digest: str) -> None:
    """Raises Refused unless the bundle has this digest ("" is none that was asked for)."""
    if not digest:
        return
    wanted = digest.strip().lower().removeprefix("sha256:")
    if not re.fullmatch("[0-9a-f]{64}", wanted):
        raise Refused(
            f"{digest!r} is no digest: sha256: and 64 hexadecimal digits are one",
            "type what ./lab bundle printed where the bundle was made",
        )
    if f"sha256:{wanted}" != found.digest:
        raise Refused(
            f"{file} is another bundle than the one with that digest: it has {found.digest}",
            "ask who made it which one is right, and copy it again",
        )


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o600
    return entry


def _hashed(content: IO[bytes]) -> str:
    state = hashlib.sha256()
    while piece := content.read(_PIECE):
        state.update(piece)
    return state.hexdigest()


@contextmanager
def _opened(file: Path) -> Iterator[tuple[tarfile.TarFile, IO[bytes]]]:
    """The tar and the file under it, which is opened once: nobody can swap it in between."""
    try:
        with file.open("rb") as raw, tarfile.open(fileobj=raw, mode="r:") as tar:
            yield tar, raw
    except (tarfile.TarError, EOFError) as fault:
        raise Refused(f"{file} is no bundle of the kit's, or damaged: {fault}") from fault


def _next(file: Path, tar: tarfile.TarFile) -> tarfile.TarInfo | None:
    """The next entry; None at the end. Only plain files are entries."""
    entry = tar.next()
    if entry is None:
        return None
    plain = entry.type in (tarfile.REGTYPE, tarfile.AREGTYPE) and entry.sparse is None
    if not plain or entry.pax_headers:
        raise Refused(
            f"{file} is damaged or was changed: {entry.name!r} is a link, a device or another "
            "thing that no bundle holds"
        )
    return entry


def _contents(file: Path, tar: tarfile.TarFile) -> Contents:
    entry = _next(file, tar)
    if entry is None or entry.name != INFO or entry.size > _INFO_LIMIT_BYTES:
        raise Refused(f"{file} is no bundle of the kit's: it doesn't begin with {INFO}")
    opened = tar.extractfile(entry)
    listed = opened.read() if opened else b""
    if len(listed) != entry.size:
        raise Refused(f"{file} is damaged: it ends within {INFO}")
    try:  # by hand: nothing but the standard library is there yet
        info = json.loads(listed, object_pairs_hook=_once)
        if info["format"] != FORMAT:
            raise Refused(
                f"{file} is of format {info['format']}, and this kit reads format {FORMAT}",
                "make it anew with this version of the kit: ./lab bundle FILE",
            )
        told = info.pop(PARTS, {})
        parts = tuple(_part(path, *values) for path, values in told.items())
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as fault:
        raise Refused(
            f"{file} is no bundle of the kit's: its list is not in order: {fault}"
        ) from None
    _in_order(file, parts)
    return Contents(info, parts, f"sha256:{hashlib.sha256(listed).hexdigest()}")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands in it twice")
    return found


def _part(path: str, sha256: str, size_bytes: int) -> Part:
    names = path.split("/")
    if names[0] not in FOLDERS or len(names) < 2:
        raise ValueError(f"{path!r} lies in no folder of a bundle")
    if not all(_NAME.fullmatch(name) and name not in (".", "..") for name in names):
        raise ValueError(f"{path!r} is no path")
    if not re.fullmatch("[0-9a-f]{64}", sha256) or type(size_bytes) is not int or size_bytes < 0:
        raise ValueError(f"{path!r} has no digest or no size")
    if (blob := _BLOB.fullmatch(path)) and blob[1] != sha256:
        raise ValueError(f"{path!r} names another content than it has")
    return Part(path, sha256, size_bytes)


def _in_order(file: Path, parts: tuple[Part, ...]) -> None:
    paths = {part.path for part in parts}
    above = {parent.as_posix() for part in parts for parent in Path(part.path).parents}
    if both := paths & above:
        raise Refused(f"{file} was changed: {min(both)!r} is a file and a folder")
    sizes: dict[str, int] = {}
    for part in parts:
        if sizes.setdefault(part.sha256, part.size_bytes) != part.size_bytes:
            raise Refused(f"{file} was changed: {part.path!r} has two sizes")
    if len(parts) > _PARTS_LIMIT or sum(p.size_bytes for p in parts) > _TOTAL_LIMIT_BYTES:
        raise Refused(f"{file} was changed: it would fill the disk")


def _copy(file: Path, tar: tarfile.TarFile, part: Part, targets: list[Path]) -> None:
    """Hash the next entry, which is this part, while it is copied to the first target."""
    entry = _next(file, tar)
    if entry is None or entry.name != part.path or entry.size != part.size_bytes:
        there = repr(entry.name) if entry else "nothing"
        raise Refused(
            f"{file} is damaged or was changed: {there} stands where {part.path!r} of "
            f"{part.size_bytes} bytes should"
        )
    source = tar.extractfile(entry)
    assert source
    if not targets:
        seen = _hashed(source)
    else:
        for target in targets:
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        state = hashlib.sha256()
        descriptor = os.open(targets[0], os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as copy:
            while piece := source.read(_PIECE):
                state.update(piece)
                copy.write(piece)
        seen = state.hexdigest()
    if seen != part.sha256:
        raise Refused(f"{file} is damaged or was changed: {part.path!r} has another content")
    for target in targets[1:]:
        target.hardlink_to(targets[0])


def main(file: str, digest: str, folder: str) -> None:
    """Unpack the wheels and print the Python that they are for, as `3.13`."""
    try:
        found = unpack(
            Path(file), Path(folder), digest=digest, wanted=lambda p: p.path.startswith("wheels/")
        )
        python = str(found.info.get("python"))
        if not re.fullmatch(r"\d+\.\d+", python):
            raise Refused(f"{file} is no bundle of the kit's: it names no Python")
    except Refused as refused:
        sys.stderr.write(f"lab: {refused}\n  → {refused.hint}\n")
        sys.exit(2)
    except OSError as fault:
        sys.stderr.write(f"lab: {file} can't be read: {fault}\n  → copy it again\n")
        sys.exit(2)
    sys.stdout.write(f"{python}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
