"""Delete what an engine built since a moment: results that may be cut short by a full disk."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from buildlab.engine import pruning
from buildlab.engine.model import Engine
from buildlab.errors import BuildlabError, EngineError

_FIELD = re.compile(r"^(ID|Created at|Type):\s+(.+)$")
# At 0 bytes free BuildKit can't note what it deletes until it has deleted something.
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Result:
    """What one step left in the cache; `made_s` is in seconds since 1970 by the engine's clock."""

    id: str
    made_s: float


def results(listed: str) -> tuple[Result, ...]:
    """The results of steps in what `docker buildx du --verbose` prints. Cache mounts are none."""
    return tuple(
        Result(row["ID"], _seconds(row["Created at"]))
        for row in _rows(listed)
        if row.get("Type") == "regular" and "Created at" in row
    )


def forget_since(engine: Engine, since_s: float) -> int:
    """Delete the results that were begun since then; how many. Cache mounts stay.

    The caller sees to it that nothing builds. Raises EngineError where some can't be deleted.
    """
    count, fault = 0, ""
    for _ in range(_TRIES):
        try:
            doubtful = _since(engine, since_s)
            for found in doubtful:  # what was built upon others first
                _told(engine, "prune", "--all", "--force", f"--filter=id={found.id}")
                count += 1
            if not doubtful:
                return count
        except BuildlabError as error:
            fault = f": {error.message}"
    raise EngineError(f"{len(_since(engine, since_s))} results can't be deleted{fault}")


def _since(engine: Engine, since_s: float) -> list[Result]:
    made = results(_told(engine, "du", "--verbose"))
    return sorted((r for r in made if r.made_s >= since_s), key=lambda r: -r.made_s)


def _told(engine: Engine, *words: str) -> str:
    return pruning.told(engine, (*engine.buildx, "--builder", engine.builder, *words))


def _rows(listed: str) -> Iterator[dict[str, str]]:
    for block in listed.split("\n\n"):
        found = (m for m in map(_FIELD.match, block.splitlines()) if m)
        row = {m[1]: m[2].strip() for m in found}
        if "ID" in row:
            yield row


def _seconds(stamp: str) -> float:
    """Of "2026-11-29 02:16:50.459981684 +0000 UTC"."""
    return datetime.fromisoformat(stamp[:19]).replace(tzinfo=UTC).timestamp()
