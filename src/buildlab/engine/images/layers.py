"""Layers as tar archives that come out the same every time: fixed times, sorted names."""

from __future__ import annotations

import io
import json
import os
import re
import tarfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, cast

from buildlab import loading
from buildlab.engine.images.gzipped import GzipFile
from buildlab.host import private

EPOCH = 1767225600
"""2026-01-01T00:00:00Z: no file in a layer, and no image, is dated later."""


_BLOB = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Layer:
    """A finished layer; its blob lies in the layer folder under its digest."""

    digest: str
    diff_id: str
    size_bytes: int
    made_by: str


@dataclass(frozen=True, slots=True)
class _Made:
    """A layer, and what it was made from."""

    key: str
    layer: Layer


class LayerTar:
    """Adds entries to the tar archive of one layer."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar

    def entry(self, info: tarfile.TarInfo, data: io.BufferedIOBase | None = None) -> None:
        """An entry as it is, but for what must not differ between two runs."""
        info.mtime = min(int(info.mtime), EPOCH)
        info.uname = info.gname = ""
        info.pax_headers = {
            k: v for k, v in info.pax_headers.items() if k.startswith("SCHILY.xattr.")
        }
        self._tar.addfile(info, data)

    def file(self, name: str, content: bytes, mode: int = 0o644) -> None:
        info = tarfile.TarInfo(name)
        info.size, info.mode, info.mtime = len(content), mode, EPOCH
        self.entry(info, io.BytesIO(content))

    def folder(self, name: str, mode: int = 0o755, owner: int = 0) -> None:
        info = tarfile.TarInfo(name)
        info.type, info.mode, info.mtime = tarfile.DIRTYPE, mode, EPOCH
        info.uid = info.gid = owner
        self.entry(info)

    def tree(self, folder: Path) -> None:
        """The files below a folder of the package, owned by root."""
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            name = path.relative_to(folder).as_posix()
            self.file(name, path.read_bytes(), 0o755 if "/sbin/" in f"/{name}" else 0o644)


class LayerStore:
    """The layers made so far, each under a name with the key of what it was made from."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, name: str, key: str) -> Layer | None:
        """The layer of this name, if it was made from the same things (`key`)."""
        made = loading.kept(_Made, self._record(name))
        if made is None or made.key != key:
            return None
        blob = self.blob(made.layer)
        whole = blob.is_file() and blob.stat().st_size == made.layer.size_bytes
        return made.layer if whole else None

    def blob(self, layer: Layer) -> Path:
        return self.folder / layer.digest.removeprefix("sha256:")

    @contextmanager
    def make(self, name: str, key: str, made_by: str) -> Iterator[LayerTar]:
        """Write a layer; it counts only when the block ends without an error."""
        private.make_folder(self.folder)
        part = self.folder / f"{name}.part"
        try:
            with (
                ThreadPoolExecutor(os.cpu_count() or 1) as pool,
                GzipFile(part, pool) as packed,
                _tar_into(packed) as tar,
            ):
                yield LayerTar(tar)
            layer = Layer(packed.digest, packed.diff_id, packed.size_bytes, made_by)
            part.replace(self.blob(layer))
        finally:
            part.unlink(missing_ok=True)
        private.write(self._record(name), json.dumps(asdict(_Made(key, layer))))

    def prune(self, keep: Iterable[Layer]) -> None:
        """Remove the blobs that no kept layer needs."""
        names = {self.blob(layer).name for layer in keep}
        for path in self.folder.iterdir():
            if _BLOB.fullmatch(path.name) and path.name not in names:
                path.unlink()

    def _record(self, name: str) -> Path:
        return self.folder / f"{name}.json"


def _tar_into(file: GzipFile) -> tarfile.TarFile:
    return tarfile.open(fileobj=cast(IO[bytes], file), mode="w|", format=tarfile.PAX_FORMAT)
