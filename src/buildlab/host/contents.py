"""What the kit puts into the folders of its home: anything else in them is known as not ours.

A folder's `Shape` has a pattern for each name; what matches none was put there by somebody else.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from buildlab.basics import jsontext

Proof = Callable[[Path], bool]


_HALF: Final = re.compile(r"\.(.+)\.\w{8}\.part")
"""A file that a killed process was writing (see `private.write`)."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Names (patterns that match as a whole) and what each is: a folder of that shape, or ALL.

    `proof` looks at an unmarked folder, made before the kit marked its own: whether what matches
    is the kit's beyond doubt. Without a proof only a marked folder is ours; a `strict` one needs
    its proof in a marked folder too. `listed`: what lies in it is ours only where the kit's own
    list has it. `exact`: the kit would write over what others put there under such a name.
    """

    names: Mapping[str, Shape | None]
    proof: Proof | None = None
    strict: bool = False
    listed: bool = False
    exact: bool = False

    def has(self, name: str) -> bool:
        """Whether something of ours is sure to have such a name."""
        sure = (p for p, inner in self.names.items() if inner is ALL or not inner.strict)
        return any(_whole(pattern).fullmatch(name) for pattern in sure)

    def of(self, name: str) -> Shape | None:
        """What stands for this name. Raises KeyError where nothing does."""
        if half := _HALF.fullmatch(name):
            name = half[1]
        for pattern, inner in self.names.items():
            if _whole(pattern).fullmatch(name):
                return inner
        raise KeyError(name)


@cache
def _whole(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


ALL: Final = None
"""Everything below is ours: an engine's data has no names that we know."""

MARK: Final = ".buildlab"
VERSIONS: Final = "versions.json"


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", errors="replace")
    except OSError:
        return ""


def _data(path: Path) -> Mapping[str, object]:
    try:
        found = jsontext.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _is_engine(folder: Path) -> bool:
    return _data(folder / "daemon.json").get("data-root") == "/run/buildlab/data"


def _is_packages(folder: Path) -> bool:
    return {"format", "architecture", "packages"} <= _data(folder / VERSIONS).keys()


def _is_layout(folder: Path) -> bool:
    return "dev.buildlab.local-equivalent" in _text(folder / "index.json")


def _is_layers(folder: Path) -> bool:
    return {"key", "layer"} <= _data(folder / "debian-slim.json").keys()


def _is_images(folder: Path) -> bool:
    return _is_layers(folder / "layers")


def _is_contexts(folder: Path) -> bool:
    files = [p for p in folder.iterdir() if p.suffix == ".json"]
    return bool(files) and all({"path", "generation", "seen"} <= _data(p).keys() for p in files)


def _is_docker_config(folder: Path) -> bool:
    link = folder / "cli-plugins/docker-buildx"
    return link.is_symlink() and link.readlink().parts[-2:] == ("bin", "docker-buildx")


def _is_buildx(folder: Path) -> bool:
    """Not that of somebody who has builders."""
    return (folder / ".buildNodeID").is_file() and not any(entries(folder / "instances"))


def _are_locks(folder: Path) -> bool:
    return all(p.stat().st_size == 0 for p in entries(folder) if p.suffix == ".lock")


def _is_place(folder: Path) -> bool:
    return {"address", "builder", "owner", "image"} <= _data(folder / "made.json").keys()


_BUILDX: Final = Shape(
    {
        r"activity|certs|current|defaults|instances|refs|history|containerd|logs": ALL,
        r"\.(buildNodeID|lock|token_seed|token_seed\.lock)|config\.json": ALL,
    },
    proof=_is_buildx,
    exact=True,
)
_CONFIG: Final = Shape(
    {
        r"cli-plugins": Shape({r"docker-buildx|\.docker-buildx\.\d+": ALL}),
        r"config\.json|contexts|buildx|\.token_seed(\.lock)?": ALL,
    },
    proof=_is_docker_config,
    exact=True,
)
STATE: Final = Shape(
    {
        r"data|run|sock|buildx|template|borrowed|alive|engine\.log|daemon\.json|resolv\.conf": ALL,
        r"instance\.json(\.part)?|config\.json|contexts|\.token_seed(\.lock)?": ALL,
    },
    proof=_is_engine,
    exact=True,
)
_PLACE: Final = Shape(
    {r"buildx": _BUILDX, r"config": _CONFIG, r"made\.json|buildkitd\.toml": ALL},
    proof=_is_place,
)
_HEX: Final = Shape({r"[0-9a-f]{64}": ALL})
_IMAGES: Final = Shape(
    {
        r"assemble\.lock|saving\.lock|debian\.log|(pins|registries)\.(json|lock|tmp)|work": ALL,
        r"pulled-.+-[0-9a-f]{16}\.(tar|part)": ALL,
        r"layers": Shape({r"[0-9a-f]{64}|[a-z-]+\.(json|tmp|part)": ALL}, proof=_is_layers),
        r"[\w.-]+": Shape(
            {r"oci-layout|(index|manifest)\.json": ALL, r"blobs": Shape({r"sha256": _HEX})},
            proof=_is_layout,
            strict=True,
        ),
    },
    proof=_is_images,
    exact=True,
)
PACKAGES: Final = Shape({r"root|bin|lib|versions\.json": ALL}, proof=_is_packages)

SHAPES: Final[Mapping[str, Shape]] = {
    "engine": STATE,
    "packages": PACKAGES,
    "fresh": Shape({r".+": STATE}, listed=True),
    "templates": Shape({r".+": STATE}, listed=True),
    "images": _IMAGES,
    "modules": Shape({r"sumdb": ALL, r"(?=.*\.)[\w.!-]+": ALL}),
    "evidence": Shape({r".+-[0-9a-f]{12}\.json\.(gz|part)": ALL}),
    "work": Shape({r".+": ALL}, listed=True),
    "records": Shape({r"\d{8}T\d{6,12}-[0-9a-f]{8}\.json": ALL}),
    "contexts": Shape(
        {r"[0-9a-f]{16}(\.json|\.\d+\.tmp)|key": ALL, r"[\w.-]+-[0-9a-f]{12}": ALL},
        proof=_is_contexts,
    ),
    "buildx": _BUILDX,
    "docker-config": _CONFIG,
    "docker": Shape({r"[0-9a-f]{8}": _PLACE}),
    "builders": Shape({r"[0-9a-f]{8}": _PLACE}),
    "registries": Shape({r"(run|kept)-\w{8}": ALL}, listed=True),
    "locks": Shape(
        {
            r"(engine|templates|modules|packages|docker-[0-9a-f]{8}|build-[0-9a-f]{12})\.lock": ALL,
            r"build-[0-9a-f]{12}\.(scratch|underway)": ALL,
        },
        proof=_are_locks,
        exact=True,
    ),
    "test-cache": Shape({r"buildkit-.+\.(tar|lock|part)": ALL}),
}
"""All that the kit makes in its home, by name, but for its list and the files below."""

FILES: Final = ("jupyter.log",)


@dataclass(slots=True)
class Parted:
    """What of a folder is ours (each path with all below it) and what is not."""

    ours: list[Path] = field(default_factory=list)
    others: list[Path] = field(default_factory=list)
    proven: bool = False


def parted(
    folder: Path,
    shape: Shape,
    is_listed: Callable[[Path], bool],
    *,
    marked: bool,
    theirs: Collection[str] = (),
) -> Parted:
    """Tell what is ours in a folder; `theirs` are names that were there before us."""
    proven = marked or (shape.proof is not None and shape.proof(folder))
    found = Parted(proven=proven)
    for child in entries(folder):
        known = is_listed(child)
        try:
            inner = ALL if child.name == MARK and marked else shape.of(child.name)
        except KeyError:
            if not known:
                found.others.append(child)
                continue
            inner = ALL
        if child.name in theirs or (shape.listed and child.name != MARK and not known):
            found.others.append(child)
        elif inner is ALL or not is_real_folder(child):
            (found.ours if proven and inner is ALL else found.others).append(child)
        else:
            below = parted(child, inner, is_listed, marked=known or (proven and not inner.strict))
            if below.proven and not below.others:
                found.ours.append(child)
            else:
                found.ours += below.ours
                found.others += below.others or [child] * (not below.ours)
    return found


def is_real_folder(path: Path) -> bool:
    """Whether this is a folder and no link to one."""
    return path.is_dir() and not path.is_symlink()


def entries(folder: Path) -> Iterator[Path]:
    """What lies in a folder, by name; nothing where it can't be read."""
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208 (names are all that is read)
    except OSError:
        return
    for name in names:
        yield folder / name
