"""Choosing address ranges that the host doesn't route."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest

from buildlab.engine.embedded import subnets
from buildlab.errors import EngineError

ROUTES = """\
default via 192.0.2.1 dev eth0
10.0.2.0/24 dev tap0 proto kernel scope link src 10.0.2.15
172.16.0.0/12 via 192.0.2.1 dev vpn0 table 51820
local 127.0.0.1 dev lo table local
broadcast 127.255.255.255 dev lo table local
unreachable 203.0.113.7 metric 1
"""


def test_routes_are_read() -> None:
    """Every destination counts, in all tables; default and loopback don't."""
    nets = subnets.parse_routes(ROUTES)
    assert {IPv4Network(n) for n in ("10.0.2.0/24", "172.16.0.0/12", "203.0.113.7")} <= set(nets)
    assert not any(n.is_loopback or n.prefixlen == 0 for n in nets)


def test_no_overlap() -> None:
    """The chosen ranges overlap neither the host's nor each other."""
    taken = subnets.parse_routes(ROUTES)
    chosen = subnets.choose(taken)
    ranges = [chosen.uplink, chosen.bridge, chosen.pool]
    for index, net in enumerate(ranges):
        assert not any(net.overlaps(other) for other in (*taken, *ranges[index + 1 :]))
    assert chosen.dns == str(chosen.uplink[3])


def test_all_private_ranges_routed() -> None:
    """Where a VPN routes all private ranges, reserved ones that nobody routes are left."""
    private = [IPv4Network(n) for n in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]
    chosen = subnets.choose(private)
    assert not any(n.overlaps(chosen.uplink) or n.overlaps(chosen.pool) for n in private)


def test_nothing_left() -> None:
    """Where the host routes everything, the fault says so."""
    with pytest.raises(EngineError, match="no address range is free"):
        subnets.choose([IPv4Network("0.0.0.0/1"), IPv4Network("128.0.0.0/1")])


def test_host_ranges_holds_the_nameserver_and_routes() -> None:
    """This machine's own addresses are among what is avoided."""
    ranges = subnets.host_ranges()
    assert all(isinstance(n, IPv4Network) for n in ranges)
