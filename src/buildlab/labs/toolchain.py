"""The labs' Go toolchain: the image that FROM names, with tools that say what they do.

It stands under the usual name by `--build-context`, so an answer need not ask for it. What it
says is in each step's log; `Told` reads it there.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from buildlab.artifact import image
from buildlab.builds import build
from buildlab.builds.unwatched import unwatched
from buildlab.engine.images import GOLANG
from buildlab.engine.model import Engine
from buildlab.host.settings import Settings
from buildlab.record.steps import Step

Progress = Callable[[str], None]

SOURCE: Final = Path(__file__).parent / "counting"
NAME: Final = "buildlab.local/labs-go"
LIMIT_S: Final = 600.0
SAYS: Final = "buildlab: "
"""How each line begins that the tools write."""
_KINDS = ("ran go", "user", "emptied", "compiled", "linked", "fetched", "as file")
_SAID = re.compile(rf"^buildlab: ({'|'.join(_KINDS)})(?: (.*?))?\s*$", re.MULTILINE)
_MAIN = "main in "
_CLIPPED = "[output clipped"

PAUSE: Final = "--build-arg=FTP_PROXY=labs://pause/{}"
"""A flag with which each go build waits for so many seconds first."""
EMPTY: Final = "--build-arg=FTP_PROXY=labs://empty"
"""A flag with which each go command that does something empties its compiler cache at its end."""


@dataclass(frozen=True, slots=True)
class Told:
    """What Go did in some steps. `compiled` holds import paths, a command's as "main in /folder";
    `fetched` modules as path@version; `commands` what stood after `go`; `linked` the flags -s and
    -w of each link. `files` tells of each module fetched which file it is: a module that arrives
    while two steps look is one. `users` are the numbers of who ran go, `emptied` is whether a
    compiler cache was. `clipped`: a step printed so much that the engine has cut its log."""

    compiled: tuple[str, ...] = ()
    fetched: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    linked: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    emptied: bool = False
    clipped: bool = False

    @classmethod
    def by(cls, steps: Iterable[Step]) -> Told:
        """What these steps tell; one that was cached did nothing."""
        found: dict[str, list[str]] = {kind: [] for kind in _KINDS}
        clipped = False
        for step in steps:
            clipped = clipped or _CLIPPED in step.output
            for kind, what in _SAID.findall(step.output):
                found[kind].append(what)
        return cls(
            tuple(found["compiled"]),
            tuple(found["fetched"]),
            tuple(found["ran go"]),
            tuple(found["linked"]),
            tuple(found["as file"]),
            tuple(dict.fromkeys(found["user"])),
            bool(found["emptied"]),
            clipped,
        )

    @property
    def packages(self) -> tuple[str, ...]:
        """The packages compiled, commands among them; what go test makes of a test is none."""
        return tuple(dict.fromkeys(p for p in self.compiled if not p.endswith((".test", "_test"))))

    @property
    def commands_compiled(self) -> tuple[str, ...]:
        """The folders of the commands compiled."""
        return tuple(p.removeprefix(_MAIN) for p in self.packages if p.startswith(_MAIN))

    def of(self, verb: str) -> tuple[str, ...]:
        """The `go` commands that begin with this word: "test", "vet", "mod download"."""
        return tuple(c for c in self.commands if f"{c} ".startswith(f"{verb} "))


@contextmanager
def toolchain(engine: Engine, progress: Progress, *, salted: bool = True) -> Iterator[str]:
    """Have it, and yield the flag that puts it in place of the Go image.

    `salted`: a layer that no build had before makes every step on it cold. Only engines that keep
    images can have that; on others a step can be found in the cache of an earlier check, and
    only the salt in go.mod stands against it. Raises what `build` raises.
    """
    base = _ensure(engine, progress)
    if not (salted and engine.can.keep_images):
        yield f"--build-context={GOLANG}={base}"
        return
    ref = f"{NAME}:{secrets.token_hex(6)}"
    home = Settings.from_env().paths
    with home.ours.temporary(home.make(home.work) / "labs-go") as folder:
        (folder / "salt").write_text(ref)
        (folder / "Dockerfile").write_text(
            f"FROM {base.removeprefix('docker-image://')}\nCOPY salt /usr/local/go/counted/salt\n"
        )
        _build(engine, folder, f"--tag={ref}", title="a Go toolchain of its own")
    try:
        yield f"--build-context={GOLANG}=docker-image://{ref}"
    finally:
        image.remove(engine, ref)


def _ensure(engine: Engine, progress: Progress) -> str:
    """Where the toolchain is, as --build-context has it; made where it isn't."""
    base = engine.base(GOLANG)
    found = image.id_of(engine, GOLANG) if engine.can.keep_images else ""
    state = hashlib.sha256(f"{base}\0{found}".encode())
    for path in sorted(SOURCE.iterdir()):
        if path.is_file():
            state.update(f"\0{path.name}\0".encode() + path.read_bytes())
    key = state.hexdigest()[:12]
    if engine.can.keep_images:
        return _kept(engine, f"{NAME}:{key}", progress)
    return _as_files(engine, key, progress)


def _kept(engine: Engine, ref: str, progress: Progress) -> str:
    """As an image of the engine."""
    if not image.id_of(engine, ref):
        progress("making the labs' Go toolchain, once: a minute or two")
        _build(engine, SOURCE, f"--build-arg=GO={GOLANG}", f"--tag={ref}", title="the labs' Go")
    return f"docker-image://{ref}"


def _as_files(engine: Engine, key: str, progress: Progress) -> str:
    """As an OCI layout in the kit's home, for a builder that sees no engine's images."""
    home = Settings.from_env().paths
    layout = home.make(home.work) / f"labs-go-{key}"
    if not (layout / "index.json").is_file():
        progress("making the labs' Go toolchain, once: a minute or two")
        home.ours.note(layout)
        to_files = f"--output=type=oci,tar=false,name={NAME}:{key},dest={layout}"
        _build(engine, SOURCE, f"--build-arg=GO={GOLANG}", to_files, title="the labs' Go")
    return f"oci-layout://{layout}:{key}"


def _build(engine: Engine, folder: Path, *flags: str, title: str) -> None:
    labels = ("--label=dev.buildlab=1", f"--label=dev.buildlab.session={engine.session}")
    with unwatched():
        build(
            folder,
            *(*labels, "--provenance=false", *flags),
            title=title,
            engine=engine,
            output="load",
            timeout_s=LIMIT_S,
        ).require_ok()
