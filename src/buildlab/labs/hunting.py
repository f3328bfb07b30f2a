"""Search all that an answer's build leaves for the lab's secrets, and prove that the search works.

The answer is built once more with nothing cached, pushed, and its cache exported. The same search
is made of a build of the kit's own, which leaves a token on purpose in every place.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from buildlab.artifact import hunt, traces
from buildlab.builds import build
from buildlab.builds.unwatched import unwatched
from buildlab.builds.workspace import Workspace, workspace
from buildlab.engine.images import GOLANG
from buildlab.labs.trial import Trial, Ungradable
from buildlab.record.model import BuildRecord
from buildlab.services.registry import Registry, registry

Where = Mapping[str, str]
"""A secret's name → where it was found first."""

PLACES: Final = (
    *("layers", "history", "config", "provenance min", "provenance max"),
    *("exported cache", "log", "cache mount"),
)
_LEAKY: Final = Path(__file__).parent / "leaky"
_BASE: Final = "debian:trixie-slim"
_LIMIT_S: Final = 240.0


def hunted(trial: Trial) -> Mapping[str, Where]:
    """Each place, and which of the secrets of this check are there.

    Raises Ungradable where the search misses what was left on purpose.
    """
    return trial.once("hunted", lambda: _Search(trial).found())


class _Search:
    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self.planted = f"tok-{secrets.token_hex(16)}"
        self.tokens = {**trial.handed.secrets, "planted": self.planted}
        self.hunt = hunt.Hunt(self.tokens)

    def found(self) -> Mapping[str, Where]:
        with registry(self.trial.engine) as shop, workspace(_LEAKY) as leaky:
            self._know_bases(shop, leaky)
            self._control(shop, leaky)
            made = self._answer(shop)
            found = dict(self._in_registry(shop, "answer"))
            found["log"] = self._in_logs(self.trial.tree.path)
            found["cache mount"] = self._in_mounts(leaky, made)
        return found

    def _answer(self, shop: Registry) -> BuildRecord:
        """Its build, pushed with its cache: once with provenance of each mode."""
        self.trial.progress("building the answer with nothing cached, to search what it leaves")
        made = self.trial.again(
            flags=("--no-cache", *_pushed(shop, "answer", "min")), title="pushed", output="none"
        )
        self.trial.again(
            flags=_pushed(shop, "answer", "max"), title="pushed, mode=max", output="none"
        )
        return made.record

    def _in_registry(self, shop: Registry, name: str) -> Mapping[str, Where]:
        least, most = (self.hunt.in_image(shop, f"{name}:{mode}") for mode in ("min", "max"))
        found = {part: least[part] for part in ("layers", "history", "config")}
        for mode, parts in (("min", least), ("max", most)):
            if "provenance" not in parts:
                raise Ungradable(
                    "the pushed image carries no provenance, so it can't be searched",
                    "unset BUILDX_NO_DEFAULT_ATTESTATIONS",
                )
            found[f"provenance {mode}"] = parts["provenance"]
        return {**found, "exported cache": self.hunt.in_cache(shop, f"{name}-cache:all")}

    def _in_logs(self, folder: Path) -> Where:
        return self.hunt.in_bytes(traces.logs(self.trial.engine, folder), "log")

    def _in_mounts(self, leaky: Workspace, made: BuildRecord) -> Where:
        """The tokens in files of the cache mounts of a build, and in one filled on purpose."""
        ids = sorted({mount.id for step in made.work for mount in step.cache_mounts})
        spelt = {
            name: hunt.spellings(value.encode()) for name, value in self.tokens.items() if value
        }
        lines = ["FROM " + _BASE, f"RUN echo {secrets.token_hex(8)}"]
        plant = "--mount=type=secret,id=planted --mount=type=cache,id=leaky-mount,target=/mounts/0"
        lines.append(f"RUN {plant} cp /run/secrets/planted /mounts/0/")
        mounts = [f"--mount=type=secret,id=spelt-{i}" for i in range(len(spelt))]
        for number, mount in enumerate(["leaky-mount", *ids]):
            mounts.append(f"--mount=type=cache,id={mount},target=/mounts/{number}")
        looks = [
            f"grep -rlaF -f /run/secrets/spelt-{i} /mounts | sed 's/^/found {i} /' ||:"
            for i in range(len(spelt))
        ]
        lines.append(f"RUN {' '.join(mounts)} {'; '.join(looks)}")
        outside = leaky.path / ".spelt"
        outside.mkdir(exist_ok=True)
        flags = [f"--secret=id=planted,src={_written(outside, 'planted', self.planted)}"]
        for i, forms in enumerate(spelt.values()):
            path = _written(outside, f"spelt-{i}", "\n".join(f.decode() for f in forms) + "\n")
            flags.append(f"--secret=id=spelt-{i},src={path}")
        leaky.write("look.Dockerfile", "\n".join(lines) + "\n")
        with unwatched():
            looked = build(
                leaky,
                "--file=look.Dockerfile",
                *flags,
                title="what the cache mounts hold",
                engine=self.trial.engine,
                cache_ns=self.trial.bench.cache_ns,
                output="cache",
                mask=tuple(self.tokens.values()),
                timeout_s=_LIMIT_S,
            ).require_ok()
        found: dict[str, str] = {}
        control = False
        for line in looked.output.splitlines():
            if line.startswith("found "):
                _, which, held = line.split(" ", 2)
                which_mount, _, inside = held.removeprefix("/mounts/").partition("/")
                control = control or which_mount == "0"
                if which_mount != "0":
                    found.setdefault(
                        list(spelt)[int(which)], f"{ids[int(which_mount) - 1]}: {inside}"
                    )
        if not control:
            raise Ungradable("the search of cache mounts misses what was left there", "try again")
        return found

    def _control(self, shop: Registry, leaky: Workspace) -> None:
        """Leave a token in each place but mounts, and find it in all of them."""
        leaky.write("planted", self.planted)
        # The name of the file is all that mode=min tells of how a build was asked for.
        leaky.write(f"{self.planted}.Dockerfile", leaky.read("Dockerfile"))
        for mode in ("min", "max"):
            with unwatched():
                build(
                    leaky,
                    f"--file={self.planted}.Dockerfile",
                    f"--build-arg=PLANTED={self.planted}",
                    *_pushed(shop, "leaky", mode),
                    title="a build that leaks",
                    engine=self.trial.engine,
                    output="none",
                    mask=(self.planted,),
                    timeout_s=_LIMIT_S,
                ).require_ok()
        found = {**self._in_registry(shop, "leaky"), "log": self._in_logs(leaky.path)}
        missed = [place for place in PLACES if place in found and "planted" not in found[place]]
        if missed:
            raise Ungradable(
                f"the search misses what was left on purpose: {', '.join(missed)}", "try again"
            )

    def _know_bases(self, shop: Registry, leaky: Workspace) -> None:
        """Base images were there before the secrets: what they hold isn't read."""
        for name, base in (("golang", GOLANG), ("debian", _BASE)):
            ref = f"bases:{name}"
            leaky.write("base.Dockerfile", f"FROM {base}\nLABEL dev.buildlab.base={name}\n")
            with unwatched():
                build(
                    leaky,
                    "--file=base.Dockerfile",
                    *self.trial.bench.flags,
                    *("--push", f"--tag={shop.address}/{ref}", "--provenance=false"),
                    title=f"{base}, pushed",
                    engine=self.trial.engine,
                    output="none",
                    timeout_s=_LIMIT_S,
                ).require_ok()
            self.hunt.pass_over(shop, ref)


def _pushed(shop: Registry, name: str, mode: str) -> tuple[str, ...]:
    cache = f"--cache-to=type=registry,ref={shop.address}/{name}-cache:all,mode=max"
    return (
        *("--push", f"--tag={shop.address}/{name}:{mode}"),
        f"--attest=type=provenance,mode={mode}",
        *((cache,) if mode == "min" else ()),
    )


def _written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.touch(mode=0o600)
    path.write_text(text)
    return path
