"""Keep the build cache of an engine of ours small, between builds.

BuildKit's own collector is off: it runs a second after a build, and while it measures a cache
mount, a step that wants the mount gets a new and empty one. A lesson would then measure the
collector. See https://github.com/moby/buildkit/issues/883.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import Final

from buildlab.engine import pruning
from buildlab.engine.model import Engine
from buildlab.host.paths import Home

LOW_BYTES: Final = 20 * 10**9
"""How little free disk makes trimming due."""
MANY: Final = 2000
"""How many snapshots do: BuildKit asks containerd about each while it starts, some thousandths
of a second long."""
_SNAPSHOTS: Final = "data/containerd/daemon/io.containerd.snapshotter.v1.overlayfs/snapshots"


@dataclass(frozen=True, slots=True)
class Trim:
    """What is deleted, as a flag of `docker buildx prune`, and why."""

    flag: str
    why: str


FULL: Final = Trim("--max-used-space=20GB", "the disk gets full")
OLD: Final = Trim("--filter=until=72h", "not used for three days")


def due(home: Home) -> Trim | None:
    """Why the cache should be trimmed now. Measures no cache: that takes as long as trimming."""
    if shutil.disk_usage(home.root).free < LOW_BYTES:
        return FULL
    snapshots = home.engine / _SNAPSHOTS
    return OLD if snapshots.is_dir() and len(list(snapshots.iterdir())) > MANY else None


def trim(engine: Engine, what: Trim) -> str:
    """Delete what was used longest ago; how much went, as the engine words it.

    For the kit's own engines and builders; any other is left alone. The caller sees to it that
    nothing builds. Raises EngineError where it fails, TimedOut.
    """
    if not engine.can.be_emptied:
        return ""
    argv = (
        *(*engine.buildx, "--builder", engine.builder),
        *("prune", "--all", "--force", what.flag),
    )
    totals = [line for line in pruning.told(engine, argv).splitlines() if line.startswith("Total:")]
    return totals[-1].partition(":")[2].strip() if totals else ""
