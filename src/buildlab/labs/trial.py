"""One answer under test: built as it is and after edits, each build once, whoever asks."""

from __future__ import annotations

import secrets as random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, cast

from buildlab.artifact.image import label_flags, remove
from buildlab.bench.bench import Bench
from buildlab.builds import Output
from buildlab.builds.asked.command import tag
from buildlab.builds.client import plain
from buildlab.builds.workspace import Workspace, workspace
from buildlab.engine.model import Engine
from buildlab.errors import BuildlabError, UsageError
from buildlab.labs.company_base import company_base
from buildlab.labs.handed import Handed
from buildlab.labs.limits import limited
from buildlab.labs.model import Lab
from buildlab.labs.private import private_modules
from buildlab.labs.toolchain import SAYS, Progress, Told, toolchain
from buildlab.record.failed import failed_text
from buildlab.record.model import BuildRecord
from buildlab.record.steps import State, Step, StepKey

T = TypeVar("T")
Work = str
"""What a step does: "compile", "link", "download", or a `go` command: "go test", "go vet"."""


class Ungradable(BuildlabError):
    """An answer that can't be measured: what was seen instead, and what to do about it."""


class NotBuilt(BuildlabError):
    """A build that a rule needs has failed. `hint` is the build's own error."""


@dataclass(frozen=True, slots=True)
class Built:
    """One build of the answer, and what Go did in it. `ref` names the image, where one was made."""

    record: BuildRecord
    told: Told
    ref: str = ""

    def told_by(self, keys: frozenset[StepKey]) -> Told:
        """What Go did in these steps."""
        return Told.by(s for s in self.record.work if s.key in keys)

    def ran(self, keys: frozenset[StepKey]) -> tuple[Step, ...]:
        """Those of these steps that were not cached."""
        return tuple(s for s in self.record.work if s.key in keys and s.state is not State.CACHED)


class Trial:
    """An answer, and the builds made of it so far.

    An edit is made to the answer, built and taken back. Before the first edit of a target the
    target is built as it is. `handed` are the lab's arguments and secrets.
    """

    def __init__(
        self, lab: Lab, bench: Bench, engine: Engine, progress: Progress, name: str = ""
    ) -> None:
        self.lab, self.bench, self.engine = lab, bench, engine
        self.progress = progress
        self.name = name
        """What is built, where it is not the answer."""
        self.records: dict[str, BuildRecord] = {}
        self.asked: list[str] = []
        """Titles of the builds that were looked at since this list was last emptied."""
        self.file = ""
        """The Dockerfile that is built, "" for the usual one: the rule at work says which."""
        self.open = ExitStack()
        """What is opened for rules (servers, containers) is closed with the trial."""
        self._built: dict[tuple[object, ...], Built] = {}
        self._given: Trial | None = None
        self._doing: dict[tuple[str, StepKey], set[Work]] = {}
        outside = self.open.enter_context(tempfile.TemporaryDirectory(prefix="buildlab-"))
        self.handed = Handed(lab.setting, Path(outside))
        self.handed.write_into(bench.workspace)
        if "private modules" in lab.setting.gives:
            made = private_modules(engine, Path(outside))
            self.handed.with_private(self.open.enter_context(made))
        if "company base" in lab.setting.gives:
            self.handed.with_base(self.open.enter_context(company_base(engine)))
        self._once: dict[object, object] = {}
        bench.workspace.checkpoint()

    @property
    def tree(self) -> Workspace:
        return self.bench.workspace

    @property
    def fresh(self) -> dict[str, str]:
        """The lab's secrets, each a random token of this check."""
        return self.handed.true

    def built(
        self,
        *edits: str,
        target: str = "",
        flags: tuple[str, ...] = (),
        image: bool = False,
        fails: bool = False,
    ) -> Built:
        """The answer with these edits, built. Raises NotBuilt where it fails, but with `fails`.

        `target` is a stage ("": that of the lab's setting), `flags` more flags for docker.
        """
        target = target or self.lab.setting.target
        key = (self.file, edits, target, flags, image)
        if edits and (before := (self.file, (), target, flags, image)) not in self._built:
            self.built(target=target, flags=flags, image=image)
            assert before in self._built
        if key not in self._built:
            self._built[key] = self._build(
                edits, target, flags, output="image" if image else "cache"
            )
        found = self._built[key]
        self.asked.append(found.record.title)
        if not (found.record.ok or fails):
            raise NotBuilt(f"{found.record.title}: the build fails", error_text(found.record))
        return found

    @contextmanager
    def about(self, file: str) -> Iterator[None]:
        """The block is about this Dockerfile."""
        before, self.file = self.file, file
        try:
            yield
        finally:
            self.file = before

    def as_given(self) -> Trial:
        """A trial of the lab as it was given, for what an answer is compared with."""
        if self._given is None:
            tree = self.open.enter_context(workspace(self.lab.start))
            bench = self.bench.beside(tree)
            self._given = Trial(self.lab, bench, self.engine, self.progress, "as given")
            self.open.callback(self._given.open.close)
            self._given.records, self._given.asked = self.records, self.asked
        return self._given

    @property
    def go_image(self) -> str:
        """The labs' Go toolchain, as a name in the engine; "" where the engine keeps no images."""
        images = (flag.partition("=docker-image://")[2] for flag in self.bench.flags)
        return next(filter(None, images), "")

    def again(
        self,
        *edits: str,
        target: str = "",
        flags: tuple[str, ...] = (),
        title: str = "once more",
        output: Output = "cache",
        fails: bool = False,
    ) -> Built:
        """The answer with these edits, built once more, not remembered. With `output` "none" the
        flags say what becomes of it."""
        target = target or self.lab.setting.target
        made = self._build(edits, target, flags, title=title, output=output)
        self.asked.append(made.record.title)
        if not (made.record.ok or fails):
            raise NotBuilt(f"{title}: the build fails", error_text(made.record))
        return made

    def doing(self, work: Work, target: str = "") -> frozenset[StepKey]:
        """The steps that do this work, told by what they did in any build so far.

        Raises Ungradable where nothing was seen to compile: then nothing can be counted.
        """
        self.built(target=target)
        found = frozenset(
            key for (file, key), works in self._doing.items() if file == self.file and work in works
        )
        if not found and work in ("compile", "link"):
            raise Ungradable(
                "no step was seen to compile, so nothing can be counted: the toolchain in use "
                "isn't the lab's, a step hid what it did, or printed too much",
                "build with FROM golang:1.27-trixie, and let the compile step print what it prints",
            )
        return found

    def apply(self, name: str) -> tuple[str, ...]:
        """Make an edit to the tree; returns its flags. `built` does it, and takes it back."""
        try:
            return self.lab.edits[name].apply(self.tree)
        except KeyError:
            raise UsageError(
                f"{self.lab.name} has no edit {name!r}", f"one of: {', '.join(self.lab.edits)}"
            ) from None

    def once(self, key: object, make: Callable[[], T]) -> T:
        """What is made once in a trial, whoever asks."""
        if key not in self._once:
            self._once[key] = make()
        return cast(T, self._once[key])

    def declares(self, target: str, argument: str) -> bool:
        """Whether the Dockerfile has an ARG of this name that counts for the target: then who
        builds it hands it over."""
        flags = ["--call=outline,format=json", *([f"--target={target}"] if target else [])]
        flags += [f"--file={self.tree.path / self.file}"] if self.file else []
        said = self.once(
            ("outline", self.file, target),
            lambda: plain.build(
                self.tree.path, *self.bench.flags, *flags, engine=self.engine, progress="quiet"
            ),
        )
        return f'"name": "{argument}"' in said.text

    def _build(
        self,
        edits: tuple[str, ...],
        target: str,
        flags: tuple[str, ...],
        *,
        output: Output = "cache",
        title: str = "",
    ) -> Built:
        setting = self.lab.setting
        short = f" {_short(flags)}" if flags and not title else ""
        title = title or ", ".join(edits) or "as it is"
        title = ": ".join(filter(None, (self.name, self.file, title)))
        title = f"{title}{f' ({target})' if target and target != setting.target else ''}"
        title = f"{title}{short}{', image' if output == 'image' else ''}"
        self.progress(f"building: {title}")
        ref = self.image_name(title) if output == "image" else ""
        try:
            more = [flag for name in edits for flag in self.apply(name)]
            with limited(self.engine):
                record = self.bench.build(
                    title,
                    *([f"--file={self.file}"] if self.file else []),
                    *([f"--target={target}"] if target else []),
                    *(*self._arguments(target), *setting.flags, *self.handed.flags, *more, *flags),
                    *(("--tag", ref, *label_flags(self.engine)) if ref else ()),
                    output="load" if ref else output,
                    mask=self.handed.values,
                    timeout_s=setting.limit_s,
                    engine=self.engine,
                )
        finally:
            self.tree.reset()
        self.records[record.title] = record
        made = Built(record, Told.by(record.work), ref)
        self._learn(record)
        return made

    def image_name(self, title: str) -> str:
        """A name for an image that no other check has; the image goes with the trial."""
        ref = tag(title, f"{self.bench.salt}-{random.token_hex(2)}")
        self.open.callback(remove, self.engine, ref)
        return ref

    def _arguments(self, target: str) -> tuple[str, ...]:
        """The lab's build arguments; one with a secret only for an answer that asks for it."""
        return tuple(
            f"--build-arg={name}={value}"
            for name, value in self.handed.arguments.items()
            if not self.handed.holds_secret(name) or self.declares(target, name)
        )

    def _learn(self, record: BuildRecord) -> None:
        for step in record.work:
            told = Told.by([step])
            works = {f"go {c.split()[0]}" for c in told.commands if c}
            works |= {"compile"} if told.packages else set()
            works |= {"link"} if told.linked else set()
            works |= {"download"} if told.fetched else set()
            if works:
                self._doing.setdefault((self.file, step.key), set()).update(works)


@contextmanager
def trial(lab: Lab, tree: Workspace, engine: Engine, progress: Progress) -> Iterator[Trial]:
    """A trial of the answer in this tree; whatever it opened is closed after the block."""
    with toolchain(engine, progress, salted=lab.setting.salted) as flag:
        made = Trial(lab, Bench(tree, (), flag), engine, progress)
        with made.open:
            yield made


def error_text(record: BuildRecord) -> str:
    """Why a build failed, as the build says it; without what the toolchain says."""
    lines = failed_text(record).splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith(SAYS))


def _short(flags: tuple[str, ...]) -> str:
    return " ".join(f.lstrip("-").partition("=")[0] for f in flags)
