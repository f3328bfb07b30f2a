"""An image as a file: what `--output type=oci,dest=…` wrote, digest by digest."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from buildlab.basics import jsontext
from buildlab.errors import UsageError
from buildlab.host import unpacking

_ATTESTATION = "attestation-manifest"
_REFERENCE_TYPE = "vnd.docker.reference.type"
_PREDICATE_TYPE = "in-toto.io/predicate-type"


@dataclass(frozen=True)
class OciImage:
    """An OCI archive of one image for one platform, and the attestations that came with it."""

    path: Path
    digest: str
    """What a push would give the tag: of the index where there is one, else of the manifest."""
    manifest_digest: str
    layers: tuple[str, ...]
    """Digests of the compressed layers, base first."""
    created: str
    attestations: Mapping[str, Mapping[str, Any]]
    """Predicate type → in-toto statement."""

    @cached_property
    def last_layer(self) -> Mapping[str, str]:
        """Path → SHA-256 of each file in the last layer."""
        with tarfile.open(self.path) as archive:
            data = _blob(archive, self.layers[-1])
        plain = unpacking.decompressed(data, self.layers[-1])
        with tarfile.open(fileobj=io.BytesIO(data if plain is None else plain)) as layer:
            return {
                entry.name: hashlib.sha256(content).hexdigest()
                for entry, content in unpacking.files(layer, self.layers[-1])
            }


def read(path: Path) -> OciImage:
    """Read an OCI archive. Raises UsageError where the file is none."""
    try:
        with tarfile.open(path) as archive:
            index = jsontext.loads(unpacking.content(archive, "index.json"))
            return _image(path, archive, index["manifests"][0])
    except (OSError, tarfile.TarError, KeyError, IndexError, ValueError) as fault:
        raise UsageError(
            f"{path} is no OCI archive of an image: {fault}",
            "write one: docker buildx build --output type=oci,dest=FILE .",
        ) from fault


def _image(path: Path, archive: tarfile.TarFile, top: Mapping[str, Any]) -> OciImage:
    below = _json(archive, top["digest"]).get("manifests")
    attested = [m for m in below or () if _kind(m) == _ATTESTATION]
    chosen = next(m for m in below if _kind(m) != _ATTESTATION) if below else top
    manifest = _json(archive, chosen["digest"])
    config = _json(archive, manifest["config"]["digest"])
    return OciImage(
        path,
        digest=top["digest"],
        manifest_digest=chosen["digest"],
        layers=tuple(layer["digest"] for layer in manifest["layers"]),
        created=str(config.get("created", "")),
        attestations={
            layer["annotations"][_PREDICATE_TYPE]: _json(archive, layer["digest"])
            for m in attested
            for layer in _json(archive, m["digest"])["layers"]
        },
    )


def _kind(descriptor: Mapping[str, Any]) -> str:
    return str((descriptor.get("annotations") or {}).get(_REFERENCE_TYPE, ""))


def _json(archive: tarfile.TarFile, digest: str) -> dict[str, Any]:
    found: dict[str, Any] = jsontext.loads(_blob(archive, digest))
    return found


def _blob(archive: tarfile.TarFile, digest: str) -> bytes:
    data = unpacking.content(archive, f"blobs/{digest.replace(':', '/')}")
    if f"sha256:{hashlib.sha256(data).hexdigest()}" != digest:
        raise ValueError(f"the blob {digest} has another content")
    return data
