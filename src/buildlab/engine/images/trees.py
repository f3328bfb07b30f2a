"""Which entries of a Debian tree belong into an image, and which differ between two trees."""

from __future__ import annotations

import hashlib
import re
import tarfile
from dataclasses import dataclass

# Contents that the published images leave out, and what differs from run to run.
_LEFT_OUT = re.compile(
    r"(dev|proc|sys|run|tmp|var/tmp|var/cache/apt|var/cache/ldconfig|var/lib/apt/lists)/."
    r"|var/log/.*\.(log|xz)$|var/(log/apt|cache/debconf|lib/dpkg)/.*-old$"
    r"|etc/(resolv\.conf|hostname|machine-id|\.pwd\.lock|apt/sources\.list)$"
    r"|etc/apt/apt\.conf\.d/\d\dmmdebstrap$"
    r"|usr/share/(groff|info|linda|lintian|man)/."
    r"|usr/share/doc/(?!.*/copyright$)[^/]+/[^/]"
    r"|usr/share/locale/(?!locale\.alias$)."
    # mmdebstrap's own while it installs, and its recipe's, which are written separately
    r"|usr/sbin/(policy-rc\.d|start-stop-daemon)$|etc/dpkg/dpkg\.cfg\.d/docker"
)
# Present while mmdebstrap's stand-in for it is in place; see `image_entry`.
_DIVERTED = "usr/sbin/start-stop-daemon.REAL"

_STATIC = re.compile(
    r"usr/share/zoneinfo(/|$)"
    r"|etc/(debian_version|ethertypes|mime\.types|networks|os-release|protocols|rpc|services)$"
    r"|usr/lib/os-release$"
)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What makes two entries of the same name the same."""

    kind: bytes
    mode: int
    owner: tuple[int, int]
    link: str
    content: str

    @classmethod
    def of(cls, info: tarfile.TarInfo, data: bytes) -> Fingerprint:
        content = hashlib.sha256(data).hexdigest() if info.isreg() else ""
        return cls(info.type, info.mode, (info.uid, info.gid), info.linkname, content)


def image_entry(info: tarfile.TarInfo, *, installing: bool) -> tarfile.TarInfo | None:
    """The entry as the image has it, None where the image doesn't.

    `installing` says that the tree was taken while mmdebstrap was at work: then the real
    start-stop-daemon stands beside a stand-in.
    """
    info.name = _plain(info.name)
    if info.islnk():
        info.linkname = _plain(info.linkname)
    if info.name == _DIVERTED:
        info.name = _DIVERTED.removesuffix(".REAL")
        return info
    if not installing and info.name == _DIVERTED.removesuffix(".REAL"):
        return info
    return None if not info.name or _LEFT_OUT.match(info.name) else info


def is_static(name: str) -> bool:
    """Whether the static runtime image has this file."""
    return _STATIC.match(name) is not None


def _plain(name: str) -> str:
    return name.removeprefix("./").strip("/") if name != "." else ""
