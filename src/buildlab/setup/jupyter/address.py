"""Where JupyterLab listens: a free port on an address of this machine, and who reaches that."""

from __future__ import annotations

import ipaddress
import socket

from buildlab.errors import UsageError

USUAL_PORT = 8888
LAST_PORT = 65_535
PORTS_TRIED = 50
ANYWHERE = ("", "*", "0.0.0.0", "::")


def choose_port(ip: str, wanted: int | None) -> int:
    """The port asked for, if free (UsageError if not), else the first free one from 8888 on."""
    if _bound(ip, 0) is None:
        raise UsageError(
            f"{ip!r} is no address of this machine that can be listened on",
            "./lab start (listens on 127.0.0.1)",
        )
    if wanted is not None and not 0 <= wanted <= LAST_PORT:
        raise UsageError(
            f"port {wanted} is none: they go from 0 (any free one) to {LAST_PORT}",
            "./lab start (takes the first free port)",
        )
    if wanted is not None:
        port = _bound(ip, wanted)
        if port is None:
            raise UsageError(
                f"port {wanted} is taken or not allowed on {ip or 'any address'}",
                "./lab start (takes the next free port), or ./lab start --port 0",
            )
        return port
    for candidate in range(USUAL_PORT, USUAL_PORT + PORTS_TRIED):
        if (port := _bound(ip, candidate)) is not None:
            return port
    raise UsageError(
        f"no free port from {USUAL_PORT} to {USUAL_PORT + PORTS_TRIED - 1}", "./lab start --port 0"
    )


def _bound(ip: str, port: int) -> int | None:
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("" if ip in ANYWHERE else ip, port))
        except (OSError, OverflowError):
            return None
        found: int = probe.getsockname()[1]
        return found


def is_loopback(ip: str) -> bool:
    """Whether only this machine reaches the address, be it a number or a name."""
    if ip in ANYWHERE:
        return False
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(ip, None)}
    except OSError:
        return False
    return bool(found) and all(
        ipaddress.ip_address(address.partition("%")[0]).is_loopback for address in found
    )


def host(ip: str) -> str:
    """The address as it stands in a URL that is opened on this machine."""
    if ip in ANYWHERE:
        return "127.0.0.1"
    return f"[{ip}]" if ":" in ip else ip
