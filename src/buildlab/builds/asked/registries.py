"""Registries that a build's flags name, tried before it begins: a silent one wedges BuildKit."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence

from buildlab.engine.model import Engine
from buildlab.engine.reaching import Server, silent
from buildlab.errors import TimedOut
from buildlab.record.flags import given, values

LIMIT_S = 5.0
_DOCKER_HUB = "registry-1.docker.io"


def knock(engine: Engine, flags: Sequence[str], title: str, limit_s: float = LIMIT_S) -> None:
    """Raise TimedOut where a registry that the flags name doesn't answer the engine at all.

    One that refuses, or answers with an error, is BuildKit's to tell: it goes on without a cache.
    """
    wanted = {ref: (flag, what) for flag, what, ref in references(flags)}
    servers = {ref: server_of(ref) for ref in wanted}
    if not servers:
        return
    found = silent(engine, dict.fromkeys(servers.values()), limit_s)
    for ref, server in servers.items():
        if server in found:
            flag, what = wanted[ref]
            raise TimedOut(
                f"{title}: not begun: after {limit_s:g} s still waiting for {what} {ref}: "
                f"its registry is silent, {found[server]}",
                f"leave {flag} out, or {look(server)}",
            )


def look(server: Server) -> str:
    """What to type to see what a registry does."""
    scheme = "http" if server.local else "https"
    return f"see what the registry does: curl -m 5 -i {scheme}://{server.name}/v2/"


def references(flags: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Flag, what it is for, and reference, of each registry that is needed."""
    for flag, what in (
        ("--cache-from", "a cache import from"),
        ("--cache-to", "a cache export to"),
    ):
        for value in values(flags, flag):
            if ref := _reference(value):
                yield flag, what, ref
    pushed = given(flags, "--push") or any(_pushes(v) for v in values(flags, "--output"))
    if pushed:
        for tag in values(flags, "--tag"):
            yield "--push", "a push to", tag


def server_of(ref: str) -> Server:
    """The registry that a reference means: Docker Hub where it names none."""
    first, slash, _ = ref.partition("/")
    named = slash and ("." in first or ":" in first or first == "localhost")
    return Server(first if named and first != "docker.io" else _DOCKER_HUB)


def _fields(value: str) -> dict[str, str]:
    pairs = (word.partition("=") for row in csv.reader([value]) for word in row)
    return {name.strip().lower(): given for name, _, given in pairs}


def _reference(value: str) -> str:
    """The reference in a cache flag; "" where the cache is of another kind."""
    if "=" not in value:
        return value
    fields = _fields(value)
    return fields.get("ref", "") if fields.get("type", "registry") == "registry" else ""


def _pushes(value: str) -> bool:
    fields = _fields(value)
    return fields.get("type") == "registry" or fields.get("push") == "true"
