"""A gzip writer that uses all processors, and writes the same bytes whatever their number.

Layers are written once and read many times; one processor would need longer for them than for
everything else together. The stream is cut into chunks of a fixed size, each a gzip member of
its own, which RFC 1952 allows and every reader of image layers understands.
"""

from __future__ import annotations

import hashlib
import os
import zlib
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

from buildlab.host import private

_CHUNK = 1 << 20
_LEVEL = 4
_PENDING = 32


class GzipFile:
    """Writes to `path`; afterwards `digest` and `diff_id` are those of an image layer."""

    def __init__(self, path: Path, pool: ThreadPoolExecutor) -> None:
        self._file = os.fdopen(private.create(path), "wb")
        self._pool = pool
        self._buffer = bytearray()
        self._members: deque[Future[bytes]] = deque()
        self._plain = hashlib.sha256()
        self._packed = hashlib.sha256()
        self.size_bytes = 0

    @property
    def digest(self) -> str:
        """The digest of the compressed bytes."""
        return f"sha256:{self._packed.hexdigest()}"

    @property
    def diff_id(self) -> str:
        """The digest of the bytes before compression."""
        return f"sha256:{self._plain.hexdigest()}"

    def write(self, data: bytes) -> int:
        self._plain.update(data)
        self._buffer += data
        while len(self._buffer) >= _CHUNK:
            self._submit(bytes(self._buffer[:_CHUNK]))
            del self._buffer[:_CHUNK]
        return len(data)

    def __enter__(self) -> GzipFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._file:
            if kind is None:
                self._submit(bytes(self._buffer))
                self._drain(0)

    def _submit(self, chunk: bytes) -> None:
        self._members.append(self._pool.submit(_member, chunk))
        self._drain(_PENDING)

    def _drain(self, leave: int) -> None:
        while len(self._members) > leave:
            member = self._members.popleft().result()
            self._packed.update(member)
            self.size_bytes += len(member)
            self._file.write(member)


def _member(chunk: bytes) -> bytes:
    # wbits 31: a gzip header, without a name and with a zero time
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, 31)
    return packer.compress(chunk) + packer.flush()
