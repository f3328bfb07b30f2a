"""The user's environment as it was before any of our own variables were pasted into it.

After `eval "$(./lab env)"` a shell points at our configuration and perhaps at our own engine;
taken for the user's, it would make a builder inside our engine, and links that meet themselves.
"""

from __future__ import annotations

import os
from pathlib import Path

from buildlab.host.paths import socket_folder
from buildlab.host.settings import Settings


def user_env(settings: Settings) -> dict[str, str]:
    """The process's environment without what points into the kit's home."""
    env = dict(os.environ)
    home = settings.paths
    own_sockets = socket_folder(home.engine)
    for name in ("DOCKER_CONFIG", "BUILDX_CONFIG"):
        if Path(env.get(name, "/")).is_relative_to(home.root):
            del env[name]
    socket = env.get("DOCKER_HOST", "").removeprefix("unix://")
    if socket and Path(socket).parent == own_sockets:
        del env["DOCKER_HOST"]
    return env


def user_home() -> Path:
    """The user's home folder."""
    return Path.home()
