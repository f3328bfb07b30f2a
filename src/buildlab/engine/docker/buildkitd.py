"""The configuration of a BuildKit daemon of ours: mirrors, certificate authorities."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# Where the base images of the lessons come from.
REGISTRIES = ("docker.io", "gcr.io")


@dataclass(frozen=True, slots=True)
class Registries:
    """How the user's engine reaches registries: its mirrors, and those without TLS."""

    mirrors: tuple[str, ...] = ()
    """Of Docker Hub, as URLs."""
    insecure: tuple[str, ...] = ()

    @classmethod
    def of_info(cls, info: Mapping[str, Any]) -> Registries:
        """From the answer to the docker API's /info."""
        config = info.get("RegistryConfig") or {}
        indexes: Mapping[str, Any] = config.get("IndexConfigs") or {}
        return cls(
            tuple(config.get("Mirrors") or ()),
            tuple(name for name, index in indexes.items() if not index.get("Secure", True)),
        )


def render(registries: Registries, ca_bundle: str = "") -> str:
    """A buildkitd.toml. `ca_bundle` is a file on this machine that buildx copies into the daemon.

    BuildKit in a container trusts the authorities of its own image only: behind a proxy that
    inspects TLS it could pull nothing.
    """
    lines = [
        "# Written by buildlab.",
        "[worker.oci]",
        "  gc = false",  # see trimming
    ]
    mirrors = [m.split("://", 1)[-1].rstrip("/") for m in registries.mirrors]
    plain = [m for m in registries.mirrors if m.startswith("http://")]
    open_hosts = {*registries.insecure, *(_host(m) for m in plain)}
    hosts = dict.fromkeys([*REGISTRIES, *map(_host, registries.mirrors), *sorted(open_hosts)])
    for host in hosts:
        settings = list(
            _registry(mirrors if host == "docker.io" else (), host in open_hosts, ca_bundle)
        )
        if settings:
            lines += [f'[registry."{host}"]', *settings]
    return "\n".join(lines) + "\n"


def _registry(mirrors: Sequence[str], insecure: bool, ca_bundle: str) -> Iterable[str]:
    if mirrors:
        quoted = ", ".join(f'"{m}"' for m in mirrors)
        yield f"  mirrors = [{quoted}]"
    if insecure:  # both: BuildKit tries https without verifying, then http, as dockerd does
        yield "  http = true"
        yield "  insecure = true"
    elif ca_bundle:
        yield f'  ca = ["{ca_bundle}"]'


def _host(url: str) -> str:
    return url.split("://", 1)[-1].split("/", 1)[0]
