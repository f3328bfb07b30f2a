"""A base image as a company has it in its registry: small, the same bytes on every machine.

It is put together here, by no engine, so that its digest is known beforehand: an answer can pin
it. Its tag can be moved, as somebody who repairs a base moves it.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import requests

from buildlab.engine.model import Engine
from buildlab.errors import EngineError
from buildlab.services.registry import Registry, registry

NAME: Final = "base"
TAG: Final = "1"
_INDEX = "application/vnd.oci.image.index.v1+json"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar"
_TIME = "2026-01-01T00:00:00Z"
_TIME_S = 1767225600
_TIMEOUT_S = 30
_FILES = {
    "etc/passwd": "root:x:0:0:root:/:/nologin\nharbour:x:65532:65532:harbour:/:/nologin\n",
    "etc/group": "root:x:0:\nharbour:x:65532:\n",
}


@dataclass(frozen=True, slots=True)
class CompanyBase:
    """The base in a running registry."""

    shop: Registry
    digest: str
    """What the tag points to at first."""

    @property
    def flags(self) -> tuple[str, ...]:
        """What a build is handed to find it."""
        return (f"--build-arg=REGISTRY={self.shop.address}",)

    @contextmanager
    def moved(self) -> Iterator[str]:
        """Another image under the same tag within the block; its digest."""
        yield _push(self.shop, "base, repaired")
        _push(self.shop, "base")


@contextmanager
def company_base(engine: Engine) -> Iterator[CompanyBase]:
    """A registry with the base in it, gone after the block. Raises EngineError."""
    with registry(engine) as shop:
        yield CompanyBase(shop, _push(shop, "base"))


def _push(shop: Registry, release: str) -> str:
    """Push this release under the tag; its digest."""
    layer = _layer({**_FILES, "etc/harbour-release": f"{release}\n"})
    _blob(shop, layer)
    manifests = []
    for architecture in ("amd64", "arm64"):
        config = _json(
            {
                "architecture": architecture,
                "os": "linux",
                "created": _TIME,
                "config": {"Env": ["PATH=/usr/local/bin:/usr/bin:/bin"]},
                "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
                "history": [{"created": _TIME, "created_by": release}],
            }
        )
        _blob(shop, config)
        manifest = _json(
            {
                "schemaVersion": 2,
                "mediaType": _MANIFEST,
                "config": _told(_CONFIG, config),
                "layers": [_told(_LAYER, layer)],
            }
        )
        _put(shop, f"manifests/{_digest(manifest)}", manifest, _MANIFEST)
        platform = {"architecture": architecture, "os": "linux"}
        manifests.append({**_told(_MANIFEST, manifest), "platform": platform})
    index = _json({"schemaVersion": 2, "mediaType": _INDEX, "manifests": manifests})
    _put(shop, f"manifests/{TAG}", index, _INDEX)
    return _digest(index)


def _layer(files: dict[str, str]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tree:
        for path, text in sorted({**files, "etc": ""}.items()):
            entry = tarfile.TarInfo(path)
            entry.mtime, entry.mode = _TIME_S, 0o644
            if path == "etc":
                entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            entry.size = len(text.encode())
            tree.addfile(entry, io.BytesIO(text.encode()))
    return packed.getvalue()


def _blob(shop: Registry, data: bytes) -> None:
    begun = _ask(shop, "POST", "blobs/uploads/", b"", "application/octet-stream")
    where = begun.headers["Location"]
    joint = "&" if "?" in where else "?"
    _ask(shop, "PUT", f"{where}{joint}digest={_digest(data)}", data, "application/octet-stream")


def _put(shop: Registry, path: str, data: bytes, kind: str) -> None:
    _ask(shop, "PUT", path, data, kind)


def _ask(shop: Registry, method: str, path: str, data: bytes, kind: str) -> requests.Response:
    url = path if "://" in path else f"http://{shop.address}/v2/{NAME}/{path}"
    with requests.Session() as session:
        session.trust_env = False  # a proxy doesn't reach this machine's loopback
        headers = {"Content-Type": kind}
        answer = session.request(method, url, headers=headers, data=data, timeout=_TIMEOUT_S)
    if not answer.ok:
        raise EngineError(
            f"the registry at {shop.address} answered {answer.status_code}", "try again"
        )
    return answer


def _told(kind: str, data: bytes) -> dict[str, Any]:
    return {"mediaType": kind, "digest": _digest(data), "size": len(data)}


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _json(data: dict[str, Any]) -> bytes:
    return json.dumps(data, separators=(",", ":"), sort_keys=True).encode()
