"""What an engine can do for who uses it; nobody outside this room asks which kind it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["embedded", "docker", "remote", "replay"]


@dataclass(frozen=True, slots=True)
class Abilities:
    """Each named for what its caller needs; what is not said of a kind, it can't."""

    build: bool = True
    """Run builds; else recorded ones are shown."""
    keep_images: bool = False
    """Keep what it builds as images that FROM finds, and base images under any name: nobody
    else's builds would find them."""
    own_network: bool = False
    """Have a network of its own, with a loopback that is not this machine's."""
    docker_api: bool = False
    """Be asked by docker's API, not by BuildKit's alone."""
    reach_us: bool = False
    """Have builds that reach a server of the kit's on this machine."""
    publish_ports: bool = False
    """Have a container whose port this machine's loopback reaches."""
    serve_modules: bool = False
    """Serve the kit's module store to builds; what others reach is theirs to say."""
    be_emptied: bool = False
    """Lose what its cache holds: only the kit's builds are in it."""
    be_probed: bool = False
    """Take a build of nothing at any time: nobody else's builds wait in it."""
    answer_soon: bool = False
    """Answer within seconds whatever it is at: nothing lies between, nobody else asks."""
    outlive_us: bool = False
    """Go on, as a process of the kit's, until somebody stops it."""


OF_KIND: Final[Mapping[Kind, Abilities]] = {
    "embedded": Abilities(
        keep_images=True,
        serve_modules=True,
        be_emptied=True,
        be_probed=True,
        answer_soon=True,
        outlive_us=True,
    ),
    "docker": Abilities(publish_ports=True, be_emptied=True, be_probed=True),
    "remote": Abilities(),
    "replay": Abilities(build=False),
}
"""Without what the single engine tells: its network and its API."""
