"""The proof that an engine is ready: one small build on all base images, and not their names only.

An engine can answer, and list its images, on a store of which half is gone.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import suppress

from buildlab.builds import build
from buildlab.engine.images import CANONICAL, DEBIAN, GOLANG, STATIC, ensure
from buildlab.engine.model import Engine
from buildlab.errors import EngineError
from buildlab.host.settings import Settings
from buildlab.record.model import BuildRecord

Progress = Callable[[str], None]

LIMIT_S = 600.0
_DOCKERFILE = f"""FROM {GOLANG} AS go
ARG SALT
RUN go version && echo "$SALT" > /ready
FROM {DEBIAN} AS debian
ARG SALT
RUN cat /etc/debian_version && echo "$SALT" > /ready
FROM {STATIC}
COPY --from=go /ready /go
COPY --from=debian /ready /debian
"""


def prove(engine: Engine, progress: Progress = lambda _: None) -> float:
    """Build on the base images; seconds that the build took.

    Where that fails in an engine of the kit's own, its base images are put into it anew, once.
    Raises EngineError where it fails all the same, and what `build` raises.
    """
    record = _build(engine)
    if not record.ok and engine.can.keep_images:
        progress("the base images can't be used: loading them again")
        _drop(engine)
        ensure(engine, progress=progress)
        record = _build(engine)
    if not record.ok:
        said = record.failure.message.strip().splitlines() if record.failure else []
        raise EngineError(
            f"the engine can't build on its base images: {said[0] if said else 'no message'}",
            "buildlab engine reset, then set up again: ./lab setup",
        )
    return record.wall_s


def _build(engine: Engine) -> BuildRecord:
    home = Settings.from_env().paths
    with home.ours.temporary(home.make(home.root) / "ready") as folder:
        (folder / "Dockerfile").write_text(_DOCKERFILE, "utf-8")
        salt = f"SALT={secrets.token_hex(8)}"  # it has to run, not to be remembered
        return build(
            folder,
            *("--build-arg", salt),
            title="ready",
            engine=engine,
            output="cache",
            timeout_s=LIMIT_S,
        )


def _drop(engine: Engine) -> None:
    import docker.errors

    client = engine.client()
    for name in CANONICAL:
        with suppress(docker.errors.DockerException):
            client.images.remove(name, force=True)
    client.close()
