"""The machine and the engine that a handout's figures come from, in one line."""

from __future__ import annotations

import os
import platform
from datetime import datetime

from buildlab.engine.model import Engine
from buildlab.record.engineinfo import EngineInfo

NAMES = {"embedded": "private engine", "docker": "existing Docker", "remote": "remote builder"}


def today() -> str:
    """The day as a handout shows it."""
    return f"{datetime.now().astimezone():%Y-%m-%d}"


def describe(engine: Engine) -> str:
    """Engine, its versions, CPUs, system; no name of the machine or of its user."""
    if not engine.can.build:
        return "recorded builds, not this machine’s own"
    return ", ".join(filter(None, [*_versions(engine.info), _kind(engine), *_system(engine)]))


def _versions(info: EngineInfo) -> list[str]:
    named = {
        "Docker Engine": info.engine_version,
        "BuildKit": info.buildkit_version,
        "buildx": info.buildx_version,
    }
    return [f"{name} {version}" for name, version in named.items() if version]


def _kind(engine: Engine) -> str:
    return NAMES.get(engine.kind, engine.kind)


def _system(engine: Engine) -> list[str]:
    cpus = engine.info.cpus or os.cpu_count() or 0
    return [f"{cpus} CPUs" if cpus != 1 else "1 CPU", f"{platform.system()} {platform.machine()}"]
