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

    @property
    def called(self) -> str:
        """How sentences call it."""
        return self.name or self.kind

    @property
    def emptied_by_us(self) -> bool:
        """Whether the kit made it: `buildlab engine reset` deletes all that it holds."""
        return self.kind in ("embedded", "docker")
