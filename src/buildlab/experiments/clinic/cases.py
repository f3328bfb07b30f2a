"""The faults of the clinic: files in `faults/` that say what is broken, its cause and its cure."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from msgspec import Struct

from buildlab import loading
from buildlab.errors import UsageError

HERE = Path(__file__).parent


class Case(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A fault. `said` is the article's message, `today` a pattern of the line that tells it."""

    id: str
    name: str
    source: str
    today: str
    cause: str
    cure: str
    broken: dict[str, str]
    order: int
    cured: dict[str, str] = {}
    said: str = ""
    files: dict[str, str] = {}
    cured_files: dict[str, str] = {}
    broken_flags: tuple[str, ...] = ()
    cured_flags: tuple[str, ...] = ()
    legacy: bool = False
    key: bool = False
    no_agent: bool = False
    module: bool = False
    proxy: bool = False
    size: bool = False

    @property
    def dockerfile(self) -> str:
        """The Dockerfile that fails."""
        return self.broken["Dockerfile"].lstrip("\n")

    @property
    def shown(self) -> str:
        """The Dockerfile that fails, to read."""
        return self.dockerfile.replace("-@SALT@", "").replace("@OTHER@", "another")

    @property
    def cured_dockerfile(self) -> str:
        """The one that works: the same where the cure lies elsewhere."""
        return (self.cured or self.broken)["Dockerfile"].lstrip("\n")


@cache
def cases() -> Mapping[str, Case]:
    """All faults by their id, the articles' first."""
    found = []
    for path in (HERE / "faults").glob("*.toml"):
        with loading.needed(f"{path}", "write it like the files beside it", UsageError):
            data = loading.from_toml(path.read_text("utf-8"))
            found.append(loading.from_data(Case, {"id": path.stem, **data}))
    return {case.id: case for case in sorted(found, key=lambda c: c.order)}


def of(source: str) -> tuple[Case, ...]:
    """The faults of "article 1", "article 2", or "common"."""
    return tuple(c for c in cases().values() if c.source == source)
