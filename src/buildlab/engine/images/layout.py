"""Images as OCI layout folders, which every kind of engine and builder takes."""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from buildlab.basics import jsontext
from buildlab.engine.images.layers import EPOCH, Layer, LayerStore
from buildlab.engine.images.model import LABEL
from buildlab.host import private

_OCI = "application/vnd.oci.image"
_CREATED = datetime.fromtimestamp(EPOCH, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True)
class Layout:
    """A folder with one image in it. `digest` is that of the image's manifest."""

    path: Path
    name: str
    digest: str
    layers: tuple[str, ...]
    size_bytes: int

    @property
    def build_context(self) -> str:
        """What stands behind `--build-context NAME=`."""
        return f"oci-layout://{self.path}@{self.digest}"

    def archive(self, file: IO[bytes]) -> None:
        """Write the folder as the archive that `docker load` reads."""
        with tarfile.open(fileobj=file, mode="w|", format=tarfile.PAX_FORMAT) as tar:
            for path in sorted(p for p in self.path.rglob("*") if p.is_file()):
                tar.add(path, path.relative_to(self.path).as_posix())


def read(folder: Path) -> Layout | None:
    """The layout in a folder, None where there is none or it is not whole."""
    try:
        entry = jsontext.loads((folder / "index.json").read_text("utf-8"))["manifests"][0]
        manifest = jsontext.loads(_blob(folder, entry["digest"]).read_text("utf-8"))
        parts = [manifest["config"], *manifest["layers"]]
        if any(_blob(folder, p["digest"]).stat().st_size != p["size"] for p in parts):
            return None
        name = entry["annotations"][LABEL]
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        return None
    layers = tuple(str(p["digest"]) for p in manifest["layers"])
    return Layout(folder, name, entry["digest"], layers, sum(p["size"] for p in parts))


def write(
    folder: Path,
    name: str,
    layers: Sequence[Layer],
    store: LayerStore,
    *,
    architecture: str,
    config: Mapping[str, Any],
) -> Layout:
    """Write an image made of `layers` as a new layout folder."""
    private.make_folder(folder / "blobs" / "sha256")
    for layer in layers:
        _link(store.blob(layer), _blob(folder, layer.digest))
    config_entry = _put(
        folder, f"{_OCI}.config.v1+json", _image_config(layers, architecture, config)
    )
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{_OCI}.manifest.v1+json",
        "config": config_entry,
        "layers": [
            {
                "mediaType": f"{_OCI}.layer.v1.tar+gzip",
                "digest": layer.digest,
                "size": layer.size_bytes,
            }
            for layer in layers
        ],
    }
    entry = _put(folder, f"{_OCI}.manifest.v1+json", manifest)
    entry["platform"] = {"architecture": architecture, "os": "linux"}
    _write_index(folder, name, entry, _docker_manifest(name, config_entry["digest"], layers))
    written = read(folder)
    assert written
    return written


def _write_index(
    folder: Path, name: str, manifest: Mapping[str, Any], docker: Mapping[str, Any]
) -> None:
    names = {
        "io.containerd.image.name": full_name(name),
        "org.opencontainers.image.ref.name": name.rpartition(":")[2],
        LABEL: name,
    }
    index = {
        "schemaVersion": 2,
        "mediaType": f"{_OCI}.index.v1+json",
        "manifests": [{**manifest, "annotations": names}],
    }
    for file, data in (
        ("oci-layout", {"imageLayoutVersion": "1.0.0"}),
        ("index.json", index),
        ("manifest.json", [docker]),
    ):
        private.write(folder / file, json.dumps(data))


def _docker_manifest(name: str, config_digest: str, layers: Sequence[Layer]) -> dict[str, Any]:
    """What `docker load` of an engine without the containerd image store reads."""
    return {
        "Config": _relative(config_digest),
        "RepoTags": [name],
        "Layers": [_relative(layer.digest) for layer in layers],
    }


def full_name(name: str) -> str:
    """The name with the registry and the folder that docker leaves out."""
    host, slash, _ = name.partition("/")
    if slash and ("." in host or ":" in host or host == "localhost"):
        return name
    return f"docker.io/{name}" if slash else f"docker.io/library/{name}"


def _image_config(
    layers: Sequence[Layer], architecture: str, config: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "created": _CREATED,
        "architecture": architecture,
        "os": "linux",
        "config": dict(config),
        "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
        "history": [{"created": _CREATED, "created_by": layer.made_by} for layer in layers],
    }


def _put(folder: Path, media_type: str, data: Mapping[str, Any]) -> dict[str, Any]:
    content = json.dumps(data, sort_keys=True).encode()
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    private.write(_blob(folder, digest), content)
    return {"mediaType": media_type, "digest": digest, "size": len(content)}


def _relative(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"


def _blob(folder: Path, digest: str) -> Path:
    return folder / _relative(digest)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links
        private.write(target, source.read_bytes())
