"""What a build leaves outside its image: the log, the metadata file, the engine's own files.

The kit's records mask secrets. What is read here is not masked: it is what anyone who may use
the engine sees.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from buildlab.builds.asked.command import compose
from buildlab.builds.asked.source import locate
from buildlab.builds.workspace import Workspace
from buildlab.engine.model import Engine
from buildlab.errors import BuildFailed
from buildlab.host import child

_LIMIT_S = 300


def log(engine: Engine) -> bytes:
    """The log of the engine's last build, as `docker buildx history logs` tells it to anyone.

    Raises EngineError where the engine or its buildx keeps none.
    """
    argv = [*engine.buildx, "history", "logs", "--progress=plain"]
    said = child.run(argv, env=engine.child_env(), limit_s=_LIMIT_S)
    said.require_ok(
        "the engine tells no log of its last build",
        "use buildx 0.21 or later: docker buildx version",
    )
    return said.stdout + said.stderr


def metadata_file(engine: Engine, context: Workspace, *flags: str) -> bytes:
    """What `docker buildx build --metadata-file` writes for these flags, on its defaults.

    `build()` asks for more than the default, so this is a build of its own. Raises BuildFailed.
    """
    with tempfile.TemporaryDirectory(prefix="buildlab-") as folder:
        wanted = Path(folder, "metadata.json")
        command = compose(
            engine,
            locate(os.fspath(context), flags),
            run_context=os.fspath(context),
            title="metadata",
            cache_ns=None,
            output="none",
            metadata_file=wanted,
        )
        said = child.run(command.argv, env=engine.child_env(), limit_s=_LIMIT_S)
        if not said.ok:
            raise BuildFailed(f"the build failed: {said.err[-500:]}")
        return wanted.read_bytes()


def state_folder(engine: Engine) -> Path | None:
    """Where a fresh engine of the kit's keeps all it has; None where only a Docker knows."""
    return engine.state_dir if engine.fresh else None
