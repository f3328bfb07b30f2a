"""What a build leaves outside its image: the log, the metadata file, the engine's own files.

The kit's records mask secrets. What is read here is not masked: it is what anyone who may use
the engine sees.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from buildlab.basics import jsontext
from buildlab.builds.asked.command import compose
from buildlab.builds.asked.source import locate
from buildlab.builds.workspace import Workspace
from buildlab.engine.model import Engine
from buildlab.errors import BuildFailed
from buildlab.host import child

_LIMIT_S = 300


def log(engine: Engine, ref: str = "") -> bytes:
    """The log of a build, by default the last one, as `docker buildx history logs` tells it to
    anyone.

    Raises EngineError where the engine or its buildx keeps none.
    """
    argv = [*engine.buildx, "history", "logs", "--progress=plain", *([ref] if ref else [])]
    said = child.run(argv, env=engine.child_env(), limit_s=_LIMIT_S)
    said.require_ok(
        "the engine tells no log of its last build",
        "use buildx 0.21 or later: docker buildx version",
    )
    return said.stdout + said.stderr


def logs(engine: Engine, folder: Path) -> bytes:
    """The logs of all builds of this folder in the engine's history. Raises as `log`."""
    argv = [*engine.buildx, "history", "ls", "--format=json"]
    listed = child.run(argv, env=engine.child_env(), limit_s=_LIMIT_S)
    listed.require_ok(
        "the engine doesn't list its builds", "use buildx 0.21 or later: docker buildx version"
    )
    builds = [jsontext.loads(line) for line in listed.out.splitlines()]
    mine = [b for b in builds if str(b["name"]).startswith(folder.name)]
    return b"\n".join(log(engine, str(b["ref"]).rpartition("/")[2]) for b in mine)


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
