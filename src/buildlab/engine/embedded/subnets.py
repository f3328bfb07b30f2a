"""Address ranges for an engine that collide with nothing that the host routes."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from buildlab.errors import EngineError
from buildlab.host import child

# In order of preference. The last ones are reserved for benchmarks and for carriers: free
# where a VPN routes all three private ranges.
_UPLINKS = ("10.0.2.0/24", "10.251.2.0/24", "172.30.2.0/24", "192.168.251.0/24", "198.18.2.0/24")
_BRIDGES = ("172.31.255.0/24", "10.252.255.0/24", "192.168.252.0/24", "198.18.255.0/24")
_POOLS = ("172.31.128.0/18", "10.253.0.0/18", "192.168.192.0/19", "198.19.0.0/18", "100.127.0.0/18")


@dataclass(frozen=True, slots=True)
class Subnets:
    """`uplink` is the way out (user-mode network), `bridge` docker0, `pool` further networks."""

    uplink: IPv4Network
    bridge: IPv4Network
    pool: IPv4Network

    @property
    def dns(self) -> str:
        """slirp4netns answers DNS on the third address of its range."""
        return str(self.uplink[3])

    @property
    def bridge_address(self) -> str:
        """The bridge's own address with its prefix length, as dockerd's `bip` wants it."""
        return f"{self.bridge[1]}/{self.bridge.prefixlen}"


def choose(taken: Iterable[IPv4Network]) -> Subnets:
    """Ranges that overlap none of `taken`. Raises EngineError where nothing is left."""
    used = list(taken)
    found = []
    for use, candidates in (("uplink", _UPLINKS), ("bridge", _BRIDGES), ("pool", _POOLS)):
        free = _first_free(candidates, used)
        if free is None:
            raise EngineError(
                f"no address range is free for the engine's {use}: the host routes all candidates",
                "disconnect the VPN that routes them, or use an existing Docker engine",
            )
        found.append(free)
        used.append(free)
    return Subnets(*found)


def host_ranges(tool: Sequence[str] = ("ip",)) -> set[IPv4Network]:
    """What the host routes (all tables, without the default route), and its name servers."""
    text = child.said([*tool, "-4", "route", "show", "table", "all"], limit_s=10)
    nets = set(parse_routes(text)) | set(_kernel_routes())
    try:
        resolv = Path("/etc/resolv.conf").read_text(errors="replace")
    except OSError:
        resolv = ""
    return nets | {
        IPv4Network(m) for m in re.findall(r"^nameserver\s+(\d+\.\d+\.\d+\.\d+)\s*$", resolv, re.M)
    }


def parse_routes(text: str) -> list[IPv4Network]:
    """Destinations in the output of `ip route`, but for default and loopback."""
    found = []
    for match in re.finditer(r"(?<![\w.])\d+(?:\.\d+){3}(?:/\d+)?", text):
        try:
            net = ipaddress.IPv4Network(match[0], strict=False)
        except ValueError:
            continue
        if net.prefixlen and not net.is_loopback:
            found.append(net)
    return found


def _kernel_routes() -> list[IPv4Network]:
    """The main table as the kernel lists it: for hosts without iproute2."""
    try:
        rows = Path("/proc/net/route").read_text().splitlines()[1:]
    except OSError:
        return []
    found = []
    for row in rows:
        destination, mask = (int(row.split()[i], 16).to_bytes(4, "little") for i in (1, 7))
        net = IPv4Network((IPv4Address(destination), str(IPv4Address(mask))), strict=False)
        if net.prefixlen:
            found.append(net)
    return found


def _first_free(candidates: Sequence[str], used: Sequence[IPv4Network]) -> IPv4Network | None:
    nets = (IPv4Network(c) for c in candidates)
    return next((n for n in nets if not any(n.overlaps(u) for u in used)), None)
