"""Which engine made a record."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """Which engine made the record; versions as the engine gives them, "" where unknown."""

    kind: str
    name: str = ""
    builder: str = ""
    driver: str = ""
    engine_version: str = ""
    buildkit_version: str = ""
    buildx_version: str = ""
    cpus: int = 0
