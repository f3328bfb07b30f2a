"""Archives that somebody else made: the one way in which they are read, with a limit.

What is written to disk comes out of `sealed` (bundles) and of dpkg (packages that apt verified).
Everything else is read in memory: images, and what builds and containers hand over.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import zstandard

from buildlab.errors import EngineError, UsageError, quoted

LIMIT_BYTES = 8 << 30
LIMIT_ENTRIES = 1_000_000
_GZIP, _ZSTD = b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd"
_PIECE = 1 << 20


def files(
    tar: tarfile.TarFile, where: str = "an archive", limit_bytes: int = LIMIT_BYTES
) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    """Each plain file of a tar and its content, in order; links and devices are passed over.

    Raises UsageError for one that would unpack to more than `limit_bytes`, or has too many
    entries: a few bytes can claim to be a disk full.
    """
    left = limit_bytes
    for number, entry in enumerate(tar):
        left -= entry.size if entry.isreg() else 0
        if left < 0 or number >= LIMIT_ENTRIES:
            raise _too_much(where, limit_bytes)
        if entry.isreg() and (file := tar.extractfile(entry)) is not None:
            yield entry, file.read()


def content(tar: tarfile.TarFile, name: str, limit_bytes: int = LIMIT_BYTES) -> bytes:
    """The content of one plain file. Raises KeyError where there is none, UsageError as `files`."""
    entry = tar.getmember(name)
    if entry.size > limit_bytes:
        raise _too_much(name, limit_bytes)
    file = tar.extractfile(entry) if entry.isreg() else None
    if file is None:
        raise KeyError(name)
    return file.read()


def decompressed(
    data: bytes, where: str = "a file", limit_bytes: int = LIMIT_BYTES
) -> bytes | None:
    """The content of a gzip or zstd file, None for anything else. Raises UsageError as `files`."""
    pieces, size = [], 0
    try:
        for piece in _pieces(data):
            size += len(piece)
            if size > limit_bytes:
                raise _too_much(where, limit_bytes)
            pieces.append(piece)
    except (OSError, EOFError, zlib.error, zstandard.ZstdError):
        return None  # it only begins like one
    return b"".join(pieces) if pieces or data.startswith((_GZIP, _ZSTD)) else None


def inside(name: str) -> str:
    """`name`, which stays inside the folder that it is put into. Raises UsageError otherwise."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name:
        raise UsageError(f"{name!r} leads out of the folder that it belongs to", "get it again")
    return name


def require_blobs(layout: Path) -> None:
    """Raises EngineError where a blob of an OCI layout folder is not what its name says."""
    for blob in sorted(layout.glob("blobs/sha256/*")):
        with blob.open("rb") as file:
            seen = hashlib.file_digest(file, "sha256").hexdigest()
        if seen != blob.name:
            raise EngineError(
                f"{blob} was changed or damaged: its content has another digest",
                f"rm -r {quoted(layout)}, then: buildlab images",
            )


def _pieces(data: bytes) -> Iterator[bytes]:
    packed = io.BytesIO(data)
    if data.startswith(_ZSTD):
        frames = zstandard.ZstdDecompressor()
        with frames.stream_reader(packed, read_across_frames=True) as plain:
            while piece := plain.read(_PIECE):
                yield piece
    elif data.startswith(_GZIP):
        with gzip.GzipFile(fileobj=packed) as members:
            while piece := members.read(_PIECE):
                yield piece


def _too_much(where: str, limit_bytes: int) -> UsageError:
    return UsageError(
        f"{where} unpacks to more than {limit_bytes >> 20} MB, or to too many files",
        "look at it by hand: no image or build of the lessons is that large",
    )
