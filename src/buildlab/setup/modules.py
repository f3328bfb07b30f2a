"""Fill the module store: all Go modules that the lessons' builds download.

What a module is downloaded with is Go itself, in a build; its download cache is then what the
engines serve (`engine.modules`). Afterwards the builds of the lessons need no internet.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from buildlab.builds import build
from buildlab.engine.model import Engine
from buildlab.host import holding, private
from buildlab.host.paths import Home
from buildlab.host.settings import Settings
from buildlab.setup.jupyter import course_root

Progress = Callable[[str], None]

LIMIT_S = 180.0
WAIT_S = 600.0
"""For how long another process that fills the store is waited for."""
_RESERVED = re.compile(r"example\.|[^/]*\.(test|example|invalid|localhost)(/|$)")
"""Names that no one can own (RFC 2606): modules that a lesson makes itself."""

_DOCKERFILE = """FROM golang:1.27-trixie
WORKDIR /fill
COPY zips mods ./
RUN [ ! -s zips ] || go mod download $(cat zips)
RUN [ ! -s mods ] || go list -m $(cat mods) >/dev/null
FROM scratch
COPY --from=0 /go/pkg/mod/cache/download/ /
"""


def ensure(engine: Engine, progress: Progress = lambda _: None) -> Path | None:
    """Fill the store of this engine's home where it lacks something; the store's folder.

    None for engines that are not the kit's own: what they reach is theirs to say. Raises
    BuildFailed or TimedOut where a module can't be downloaded, and what `build` raises.
    """
    if not engine.can.serve_modules:
        return None
    home = Settings.from_env().paths
    store = home.make(home.modules)
    if wanted().missing(store) == NOTHING:
        return store
    with holding.alone(home.make(home.locks) / "modules.lock", progress, WAIT_S):
        missing = wanted().missing(store)
        if missing != NOTHING:
            progress(f"downloading the lessons' {len(missing.zips)} Go modules")
            _fill(engine, home, missing)
    return store


@dataclass(frozen=True, slots=True)
class Wanted:
    """Modules as `path@version`: whole ones, and those of which only the go.mod is read."""

    zips: tuple[str, ...]
    mods: tuple[str, ...]

    def missing(self, store: Path) -> Wanted:
        """Those that the store lacks."""
        return Wanted(
            tuple(m for m in self.zips if not (store / cached(m, "zip")).is_file()),
            tuple(m for m in self.mods if not (store / cached(m, "mod")).is_file()),
        )


NOTHING = Wanted((), ())


def cached(module: str, kind: str) -> Path:
    """Where Go's download cache keeps a file of a module: an upper-case letter as "!" and lower.

    See https://go.dev/ref/mod#module-cache and #goproxy-protocol.
    """
    path, _, version = re.sub("[A-Z]", lambda m: f"!{m[0].lower()}", module).partition("@")
    return Path(path, "@v", f"{version}.{kind}")


def wanted() -> Wanted:
    """What the go.sum files of the course name, with the versions that lessons move to."""
    recipes = Path(__file__).parents[1] / "experiments"
    sums = [course_root() / "sample_go_app" / "go.sum", *sorted(recipes.rglob("go.sum"))]
    return parse("\n".join(path.read_text("utf-8") for path in sums))


def parse(sums: str) -> Wanted:
    """Read go.sum (https://go.dev/ref/mod#go-sum-files): `path version hash` in each line."""
    lines = [line.split()[:2] for line in sums.splitlines() if line.strip()]
    named = {(path, version) for path, version in lines if not _RESERVED.match(path)}
    zips = sorted(f"{p}@{v}" for p, v in named if not v.endswith("/go.mod"))
    mods = sorted(f"{p}@{v.removesuffix('/go.mod')}" for p, v in named if v.endswith("/go.mod"))
    return Wanted(tuple(zips), tuple(mods))


def _fill(engine: Engine, home: Home, modules: Wanted) -> None:
    with home.ours.temporary(home.modules) as folder:
        context, got = folder / folder.name, folder / "got"
        context.mkdir()
        (context / "zips").write_text("\n".join(modules.zips))
        (context / "mods").write_text("\n".join(modules.mods))
        (context / "Dockerfile").write_text(_DOCKERFILE)
        build(
            context,
            f"--output=type=local,dest={got}",
            title="the lessons' Go modules",
            engine=engine,
            output="none",
            timeout_s=LIMIT_S,
        ).require_ok()
        _add(got, home.modules)


def _add(got: Path, store: Path) -> None:
    """Move files to the store, each whole or not at all; what is there stays as it is."""
    # Go's cache has no links, and one that leads out of it would be read.
    for source in sorted(p for p in got.rglob("*") if p.is_file() and not p.is_symlink()):
        target = store / source.relative_to(got)
        if not target.exists():
            private.make_folder(target.parent)
            source.rename(target)
