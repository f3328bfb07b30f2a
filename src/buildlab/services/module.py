"""A Go module made on the fly: its archive as module proxies serve it, and its checksums."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass

_TIME = "2026-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True)
class Module:
    """One version of a module. `files` holds its sources by path; go.mod is among them."""

    path: str
    version: str
    files: Mapping[str, str]

    @property
    def go_mod(self) -> str:
        return self.files["go.mod"]

    def archive(self) -> bytes:
        """The zip file (https://go.dev/ref/mod#zip-files): all below `path@version/`."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in sorted(self.files.items()):
                archive.writestr(f"{self.path}@{self.version}/{name}", text)
        return packed.getvalue()

    def served(self) -> dict[str, bytes]:
        """What a module proxy answers, by the path of the request."""
        folder = f"/{_escaped(self.path)}/@v"
        info = json.dumps({"Version": self.version, "Time": _TIME}).encode()
        return {
            f"{folder}/list": f"{self.version}\n".encode(),
            f"{folder}/{self.version}.info": info,
            f"{folder}/{self.version}.mod": self.go_mod.encode(),
            f"{folder}/{self.version}.zip": self.archive(),
            f"/{_escaped(self.path)}/@latest": info,
        }

    def sums(self) -> str:
        """The module's two lines in go.sum."""
        prefix = f"{self.path}@{self.version}/"
        whole = _hash1({prefix + name: text for name, text in self.files.items()})
        only_mod = _hash1({"go.mod": self.go_mod})
        return f"{self.path} {self.version} {whole}\n{self.path} {self.version}/go.mod {only_mod}\n"


def _hash1(files: Mapping[str, str]) -> str:
    """Go's h1: hash of a list of files."""
    lines = (
        f"{hashlib.sha256(text.encode()).hexdigest()}  {name}\n"
        for name, text in sorted(files.items())
    )
    digest = hashlib.sha256("".join(lines).encode()).digest()
    return f"h1:{base64.b64encode(digest).decode()}"


def _escaped(path: str) -> str:
    """Upper case as the proxy protocol writes it: !a for A."""
    return "".join(f"!{c.lower()}" if c.isupper() else c for c in path)
