"""`docker version` and `docker build` as somebody types them, without the kit's buildx."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from buildlab import masking
from buildlab.builds.client.heard import hear, require_end
from buildlab.engine.model import Engine
from buildlab.masking import Masker

TIMEOUT_S = 120.0


def version(engine: Engine) -> str:
    """What `docker version` prints for this engine."""
    return _typed(engine, ("version",), {})[1]


def build(
    engine: Engine, folder: Path, *flags: str, buildkit: str | None = None
) -> tuple[int, str]:
    """`docker build` on a folder: exit code and all that it printed; a failure is an answer.

    DOCKER_BUILDKIT is `buildkit`, or not set. An image that the build leaves has the kit's label.
    """
    labels = ("--label=dev.buildlab=1", f"--label=dev.buildlab.session={engine.session}")
    return _typed(
        engine, ("build", *labels, *flags, os.fspath(folder)), {"DOCKER_BUILDKIT": buildkit}
    )


def _typed(
    engine: Engine, words: tuple[str, ...], settings: Mapping[str, str | None]
) -> tuple[int, str]:
    engine.docker_api(f"docker {words[0]} has nobody to ask")
    env = {k: v for k, v in engine.child_env().items() if k not in settings}
    env |= {k: v for k, v in settings.items() if v is not None}
    lines: list[str] = []
    outcome = hear((*engine.cli, *words), env, lines, timeout_s=TIMEOUT_S)
    stopped = f"docker {words[0]} was stopped after {TIMEOUT_S:g} s"
    require_end(outcome, stopped, "see: buildlab doctor")
    masker = Masker(masking.given(words, env))
    return outcome.exit_code, masker("\n".join(lines))
