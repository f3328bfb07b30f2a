"""Fresh engines: a runner that has the base images and an empty cache, gone without a trace."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from buildlab.engine.embedded import instance, launch, leftovers, shared, template
from buildlab.engine.model import Engine
from buildlab.engine.packages import ensuring
from buildlab.host.settings import Settings


@contextmanager
def fresh(
    settings: Settings | None = None,
    images: Sequence[Path] = (),
    progress: Callable[[str], None] = lambda _: None,
) -> Iterator[Engine]:
    """An engine with these images (OCI layout folders or tar files) and an empty build cache.

    Independent of the shared engine, which needn't run; several at once don't meet. It ends
    with the block, and with this process, however that ends. Raises as `shared.ensure` does.
    """
    home = (settings or Settings.from_env()).paths
    home.make(home.fresh)
    leftovers.sweep(home)
    session = f"fresh-{secrets.token_hex(4)}"
    state_dir = home.fresh / leftovers.owned_name(session)
    lifeline = os.pipe()
    try:
        with shared.locked(home, "engine"):
            got = ensuring.ensure(home.packages, progress, home.ours)
        with shared.locked(home, "templates"):
            home.ours.own(state_dir)
            if images:
                template.ensure(home, got, images, progress).populate(state_dir)
        running = launch.start(
            state_dir,
            got.folder,
            name=session,
            lifeline=lifeline,
            modules=home.make(home.modules),
        )
        yield shared.as_engine(
            running,
            got,
            home,
            session=session,
            buildx_config=state_dir / "buildx",
            fresh=True,
        )
    finally:
        for end in lifeline:
            os.close(end)
        instance.remove(state_dir)
