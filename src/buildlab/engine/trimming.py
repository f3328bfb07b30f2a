"""Keep the build cache of an engine of ours small, between builds.

BuildKit's own collector is off: it runs a second after a build, and while it measures a cache
mount, a step that wants the mount gets a new and empty one. A lesson would then measure the
collector. See https://github.com/moby/buildkit/issues/883.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from buildlab.engine import pruning
from buildlab.engine.model import Engine

MOST: Final = "20GB"
LOW_BYTES: Final = 20 * 10**9
"""What the cache keeps when it is trimmed, and how little free disk makes that due."""


def due(home: Path) -> bool:
    """Whether the disk that holds the kit's home is getting full. Looks at nothing else: to
    measure a cache takes as long as to trim it."""
    return shutil.disk_usage(home).free < LOW_BYTES


def trim(engine: Engine, most: str = MOST) -> str:
    """Delete what was used longest ago, down to `most`; how much went, as the engine words it.

    For the kit's own engines and builders; any other is left alone. The caller sees to it that
    nothing builds. Raises EngineError where it fails, TimedOut.
    """
    if engine.kind not in ("embedded", "docker"):
        return ""
    argv = (
        *(*engine.buildx, "--builder", engine.builder),
        *("prune", "--all", "--force", f"--max-used-space={most}"),
    )
    totals = [line for line in pruning.told(engine, argv).splitlines() if line.startswith("Total:")]
    return totals[-1].partition(":")[2].strip() if totals else ""
