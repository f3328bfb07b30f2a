"""Look for tokens in what builds leave behind: layers, configuration, attestations, state.

Each blob is unpacked as far as it goes (tar, gzip, zstd, in each other) and searched for each
token as it is and as base64, at all three alignments: BuildKit keeps logs and Dockerfiles so.
"""

from __future__ import annotations

import base64
import io
import json
import os
import stat
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from buildlab.basics import jsontext
from buildlab.errors import EngineError
from buildlab.host.unpacking import decompressed, files
from buildlab.services.registry import Registry

Where = Mapping[str, str]
"""Token's name → where it was found first."""

_MARK = 12
"""Bytes of a token that are looked for first: tokens may share them, so most blobs cost little."""
_TIMEOUT_S = 30
_DEEPEST = 6


@dataclass
class Hunt:
    """Searches for `tokens`, name → value. Each blob of a registry is read once."""

    tokens: Mapping[str, str]
    _seen: dict[str, Where] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._forms = {name: spellings(value.encode()) for name, value in self.tokens.items()}
        marks = {value.encode()[:_MARK] for value in self.tokens.values()}
        self._marks = sorted({form for mark in marks for form in spellings(mark)})

    def in_bytes(self, data: bytes, where: str = "") -> Where:
        """The tokens in these bytes, however they are packed."""
        found: dict[str, str] = {}
        for place, plain in unpacked(data, where):
            for name in self._names(plain):
                if place.startswith(found.get(name, where)):  # the innermost says most
                    found[name] = place
        return found

    def in_files(self, files: Iterable[Path], root: Path) -> Where:
        """The tokens in these files, each place told relative to `root`."""
        found: dict[str, str] = {}
        for path in files:
            try:
                data = path.read_bytes()
            except OSError:
                continue  # it ended, or is no file
            for name, place in self.in_bytes(data, path.relative_to(root).as_posix()).items():
                found.setdefault(name, place)
        return found

    def in_image(self, shop: Registry, ref: str) -> Mapping[str, Where]:
        """The tokens in an image of a registry, by part: layers, history, config, provenance.

        There is no provenance in the answer where the image carries none.
        """
        parts: dict[str, dict[str, str]] = {"layers": {}, "history": {}, "config": {}}
        for manifest in manifests(shop, ref):
            config = jsontext.loads(blob(shop, ref, manifest["config"]["digest"]))
            attested = _attestation(manifest)
            if attested:
                parts.setdefault("provenance", {})
            else:
                parts["history"] |= self.in_bytes(_json(config.pop("history", [])), "")
                parts["config"] |= self.in_bytes(_json(config), "")
            for number, layer in enumerate(manifest["layers"], start=1):
                part = "provenance" if attested else "layers"
                name = "statement" if attested else f"layer {number}"
                for token, place in self._in_blob(shop, ref, layer["digest"]).items():
                    parts[part].setdefault(token, f"{name}{place}")
        return parts

    def pass_over(self, shop: Registry, ref: str) -> None:
        """Don't read the layers of this image: it was there before the tokens were."""
        for manifest in manifests(shop, ref):
            self._seen |= {layer["digest"]: {} for layer in manifest["layers"]}

    def in_cache(self, shop: Registry, ref: str) -> Where:
        """The tokens in a cache that was exported to a registry."""
        found: dict[str, str] = {}
        for manifest in manifests(shop, ref):
            for part in (*manifest["layers"], manifest["config"]):
                for token, place in self._in_blob(shop, ref, part["digest"]).items():
                    found.setdefault(token, f"{part['digest'][:15]}{place}")
        return found

    def _in_blob(self, shop: Registry, ref: str, digest: str) -> Where:
        if digest not in self._seen:
            self._seen[digest] = self.in_bytes(blob(shop, ref, digest))
        return self._seen[digest]

    def _names(self, data: bytes) -> Iterator[str]:
        if any(mark in data for mark in self._marks):
            for name, forms in self._forms.items():
                if any(form in data for form in forms):
                    yield name


def spellings(text: bytes) -> tuple[bytes, ...]:
    """The text, and the part of its base64 that no neighbouring byte changes, for each offset."""
    found = [text]
    for offset in range(3):
        coded = base64.b64encode(b"\0" * offset + text)
        start = -(-offset * 8 // 6)
        found.append(coded[start : (offset + len(text)) * 8 // 6])
    return tuple(found)


def unpacked(data: bytes, where: str, depth: int = 0) -> Iterator[tuple[str, bytes]]:
    """The bytes, and all that is packed in them, each with its place.

    Raises EngineError for what is packed too often: to skip it would be to say "not found".
    """
    if depth > _DEEPEST:
        raise EngineError(f"{where} is packed more than {_DEEPEST} times", "look at it by hand")
    yield where, data
    plain = decompressed(data, where)
    if plain is not None:
        yield from unpacked(plain, where, depth + 1)
    elif data[257:262] == b"ustar":
        with suppress(tarfile.ReadError), tarfile.open(fileobj=io.BytesIO(data)) as tree:
            # What only begins like an archive, or ends too soon, was searched as it is.
            for entry, content in files(tree, where):
                if content:
                    yield from unpacked(content, f"{where}: /{entry.name}", depth + 1)


def manifests(shop: Registry, ref: str) -> tuple[dict[str, Any], ...]:
    """The manifests of a reference: of its image, or of all that its index lists."""
    top = shop.manifest(ref)
    if "manifests" not in top:
        return (top,)
    repository = _repository(shop, ref)
    listed = [m["digest"] for m in top["manifests"] if "manifest" in m["mediaType"]]
    if listed:
        return tuple(shop.manifest(f"{repository}@{digest}") for digest in listed)
    blobs = [m for m in top["manifests"] if "cacheconfig" not in m["mediaType"]]
    (config,) = (m for m in top["manifests"] if m not in blobs)
    return ({"config": config, "layers": blobs},)  # a cache, as older versions write it


def blob(shop: Registry, ref: str, digest: str) -> bytes:
    """A blob of the repository of `ref`. Raises EngineError where the registry has none."""
    url = f"http://{shop.address}/v2/{_repository(shop, ref)}/blobs/{digest}"
    with requests.Session() as session:
        session.trust_env = False  # a proxy doesn't reach this machine's loopback
        try:
            answer = session.get(url, timeout=_TIMEOUT_S)
        except requests.RequestException as error:
            raise EngineError(
                f"the registry at {shop.address} doesn't answer: {error}",
                "use it inside its with block",
            ) from error
    if not answer.ok:
        raise EngineError(f"the registry answered {answer.status_code} for {digest}", "push again")
    return answer.content


def file_in_layers(shop: Registry, ref: str, path: str) -> bytes:
    """A file as the topmost layer that holds it has it, deleted above or not.

    Raises EngineError where no layer holds it.
    """
    for manifest in manifests(shop, ref):
        for layer in () if _attestation(manifest) else reversed(manifest["layers"]):
            packed = blob(shop, ref, layer["digest"])
            with tarfile.open(fileobj=io.BytesIO(decompressed(packed) or packed)) as tree:
                for entry, content in files(tree, ref):
                    if entry.name.lstrip("./") == path.lstrip("/"):
                        return content
    raise EngineError(f"no layer of {ref} holds {path}", "look at the Dockerfile's COPY lines")


def changed_since(root: Path) -> Callable[[], list[Path]]:
    """Remember the files below `root`; the call returns those that are new or changed then."""
    before = dict(_stamps(root))
    return lambda: [path for path, stamp in _stamps(root) if before.get(path) != stamp]


def _stamps(root: Path) -> Iterator[tuple[Path, tuple[int, int, int]]]:
    for folder, _, names in os.walk(root):  # passes over what goes while it looks
        for path in (Path(folder, name) for name in sorted(names)):
            with suppress(OSError):
                state = path.lstat()
                if stat.S_ISREG(state.st_mode):
                    yield path, (state.st_ino, state.st_size, state.st_mtime_ns)


def _attestation(manifest: Mapping[str, Any]) -> bool:
    return any("in-toto" in layer["mediaType"] for layer in manifest["layers"])


def _repository(shop: Registry, ref: str) -> str:
    return ref.removeprefix(f"{shop.address}/").partition("@")[0].partition(":")[0]


def _json(data: object) -> bytes:
    return json.dumps(data, ensure_ascii=False).encode()
