"""Fill the module store: all Go modules that the lessons' builds download.

What a module is downloaded with is Go itself, in a build; its download cache is then what the
engines serve (`engine.modules`). Afterwards the builds of the lessons need no internet.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from filelock import FileLock

from buildlab.build import build
from buildlab.engine.model import Engine
from buildlab.engine.settings import Settings
from buildlab.start import course_root

Progress = Callable[[str], None]

EXTRA = ("github.com/go-chi/chi/v5@v5.5.0",)
"""What no go.mod asks for, until a lesson edits it."""

_FILLED = "filled"
_DOCKERFILE = """FROM golang:1.27-trixie
WORKDIR /fill
COPY . .
RUN for folder in */; do (cd "$folder" && go mod download) || exit; done
RUN cd / && go mod download {extra}
FROM scratch
COPY --from=0 /go/pkg/mod/cache/download /
"""


def ensure(engine: Engine, progress: Progress = lambda _: None) -> Path | None:
    """Fill the store of this engine's home where it lacks something; the store's folder.

    None for engines that are not the kit's own: what they reach is theirs to say. Raises
    BuildFailed where a module can't be downloaded, and what `build` raises.
    """
    if engine.kind != "embedded":
        return None
    home = Settings.from_env().paths
    store = home.make(home.modules)
    wanted = requirements()
    if is_filled(store, wanted):
        return store
    with FileLock(home.make(home.locks) / "modules.lock"):
        if not is_filled(store, wanted):
            progress("downloading the lessons' Go modules")
            _fill(engine, store, wanted)
    return store


def requirements() -> dict[str, bytes]:
    """Every go.mod and go.sum of the course, by its path in the fill's context."""
    root = course_root()
    recipes = Path(__file__).parent / "experiments" / "recipes"
    found = [root / "sample_go_app" / "go.mod", *sorted(recipes.rglob("go.mod"))]
    wanted = {}
    for number, path in enumerate(found):
        for file in (path, path.with_name("go.sum")):
            if file.is_file():
                wanted[f"{number:02d}/{file.name}"] = file.read_bytes()
    return wanted


def is_filled(store: Path, wanted: Mapping[str, bytes]) -> bool:
    """Whether the store holds all that these files ask for."""
    try:
        return (store / _FILLED).read_text() == _key(wanted)
    except OSError:
        return False


def _key(wanted: Mapping[str, bytes]) -> str:
    state = hashlib.sha256(" ".join(EXTRA).encode())
    for name, content in sorted(wanted.items()):
        state.update(name.encode() + b"\0" + content)
    return state.hexdigest()


def _fill(engine: Engine, store: Path, wanted: Mapping[str, bytes]) -> None:
    with tempfile.TemporaryDirectory(prefix="modules-", dir=store.parent) as folder:
        context, got = Path(folder) / f"context-{_key(wanted)[:12]}", Path(folder) / "got"
        for name, content in wanted.items():
            path = context / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        (context / "Dockerfile").write_text(_DOCKERFILE.format(extra=" ".join(EXTRA)))
        build(
            context,
            f"--output=type=local,dest={got}",
            title="the lessons' Go modules",
            engine=engine,
            output="none",
        ).require_ok()
        shutil.copytree(got, store, dirs_exist_ok=True)
        (store / _FILLED).write_text(_key(wanted))
