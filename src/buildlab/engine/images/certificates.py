"""This machine's CA certificates as a layer.

A company's own CA, as a TLS-inspecting network needs it, is on the machine and in no published
image; without it `go mod download` fails on certificates.
"""

from __future__ import annotations

import hashlib
import re
import ssl
from pathlib import Path

from buildlab.engine.images.layers import LayerStore

GO_CERTIFICATES, STATIC_CERTIFICATES = "certificates-go", "certificates-static"
BUNDLE = "etc/ssl/certs/ca-certificates.crt"
_LOCAL = Path("/usr/local/share/ca-certificates")
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.S)


def host_bundle() -> bytes:
    """All CA certificates that this machine trusts, as PEM; empty where none are found."""
    paths = ssl.get_default_verify_paths()
    for path in (paths.cafile, f"/{BUNDLE}", "/etc/pki/tls/certs/ca-bundle.crt"):
        if path and Path(path).is_file() and (found := _PEM.findall(Path(path).read_bytes())):
            return b"\n".join(found) + b"\n"
    return b""


def key_of(bundle: bytes) -> str:
    return hashlib.sha256(bundle).hexdigest()


def write_layers(store: LayerStore, bundle: bytes) -> None:
    """One layer for each image that has certificates. In the Go image, those that the machine's
    administrator added also lie where `update-ca-certificates` finds them again."""
    made_by = "the CA certificates of the machine that assembled this image"
    with store.make(GO_CERTIFICATES, key_of(bundle), made_by) as layer:
        layer.file(BUNDLE, bundle)
        for name, content in _added():
            layer.file(f"usr/local/share/ca-certificates/{name}", content)
    with store.make(STATIC_CERTIFICATES, key_of(bundle), made_by) as layer:
        layer.file(BUNDLE, bundle)


def _added() -> list[tuple[str, bytes]]:
    """The certificates that an administrator of a Debian machine added, by file name."""
    if not _LOCAL.is_dir():
        return []
    return [(path.name, path.read_bytes()) for path in sorted(_LOCAL.rglob("*.crt"))]
