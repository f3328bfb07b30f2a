"""What comes on standard input: a Dockerfile, or a context as an archive.

It is kept in a nameless file for as long as the build takes: the Dockerfile in it is looked at
before the build (which base images, which secrets), and the client may have to be started twice.
"""

from __future__ import annotations

import posixpath
import shutil
import tarfile
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from buildlab.errors import UsageError

LARGEST_DOCKERFILE_BYTES = 16 << 20
"""BuildKit's own limit for a message, which a Dockerfile has to fit into."""

_ARCHIVES = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd")
_TAR_MAGIC, _TAR_MAGIC_AT = b"ustar", 257
_HEAD_BYTES = 512


@dataclass(frozen=True, slots=True)
class Kept:
    """What came. `dockerfile` is the text of the Dockerfile in it, None where that is not known."""

    file: BinaryIO
    dockerfile: str | None


def keep(stream: BinaryIO, folder: Path, *, wanted: str = "") -> Kept:
    """Take all of `stream`; `wanted` is the Dockerfile's name inside an archive.

    Raises UsageError where nothing comes, OSError where `folder` can't hold it.
    """
    file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 (the build closes it)
    shutil.copyfileobj(stream, file)
    size = file.tell()
    if size == 0:
        raise UsageError(
            "nothing came on standard input",
            "buildlab build - < context.tar, or: buildlab build -f - CONTEXT < Dockerfile",
        )
    file.seek(0)
    if is_archive(file.read(_HEAD_BYTES)):
        text = _in_archive(file, wanted or "Dockerfile")
    elif size > LARGEST_DOCKERFILE_BYTES:
        raise too_large("standard input", size)
    else:
        file.seek(0)
        text = file.read().decode("utf-8", "replace")
    file.seek(0)
    return Kept(file, text)


def is_archive(head: bytes) -> bool:
    """Whether a file that begins so is a tar, or a compressed file that may hold one."""
    return head.startswith(_ARCHIVES) or head[_TAR_MAGIC_AT:].startswith(_TAR_MAGIC)


def too_large(name: str, size_bytes: int) -> UsageError:
    return UsageError(
        f"{name} has {size_bytes} bytes: no Dockerfile, BuildKit takes up to "
        f"{LARGEST_DOCKERFILE_BYTES}",
        "name the Dockerfile: --file PATH",
    )


def _in_archive(file: BinaryIO, wanted: str) -> str | None:
    file.seek(0)
    name = posixpath.normpath(wanted)
    try:
        with tarfile.open(fileobj=file, mode="r|*") as archive:
            for member in archive:
                if posixpath.normpath(member.name.lstrip("/")) == name and member.isfile():
                    found = archive.extractfile(member)
                    if found is None or member.size > LARGEST_DOCKERFILE_BYTES:
                        return None
                    return found.read().decode("utf-8", "replace")
    except (tarfile.TarError, EOFError, OSError, zlib.error, ValueError):
        return None  # whether it is a context, the engine decides
    return None
