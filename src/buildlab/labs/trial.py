"""One answer under test: built as it is and after edits, each build once, whoever asks."""

from __future__ import annotations

import secrets as random
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from buildlab.bench.bench import Bench
from buildlab.builds.workspace import Workspace, workspace
from buildlab.engine.model import Engine
from buildlab.errors import BuildlabError, UsageError
from buildlab.labs.limits import limited
from buildlab.labs.model import Lab
from buildlab.labs.toolchain import Progress, Told, toolchain
from buildlab.record.failed import failed_text
from buildlab.record.model import BuildRecord
from buildlab.record.steps import State, Step, StepKey

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
    target is built as it is. `fresh` are random tokens, one for each secret of the lab.
    """

    def __init__(
        self, lab: Lab, bench: Bench, engine: Engine, progress: Progress, name: str = ""
    ) -> None:
        self.lab, self.bench, self.engine = lab, bench, engine
        self.progress = progress
        self.name = name
        """What is built, where it is not the answer."""
        self.fresh = {name: f"tok-{random.token_hex(16)}" for name in lab.setting.secrets}
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
        self._secrets = self.open.enter_context(_secret_files(self.fresh))
        bench.workspace.checkpoint()

    @property
    def tree(self) -> Workspace:
        return self.bench.workspace

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
            self._built[key] = self._build(edits, target, flags, image=image)
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
        self, *edits: str, target: str = "", flags: tuple[str, ...] = (), image: bool = False
    ) -> Built:
        """The answer with these edits, made anew, once more, not remembered."""
        target = target or self.lab.setting.target
        made = self._build(edits, target, flags, image=image, title="once more")
        self.asked.append(made.record.title)
        if not made.record.ok:
            raise NotBuilt("once more: the build fails", error_text(made.record))
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

    def secret_flags(self, fresh: Mapping[str, str] | None = None) -> tuple[str, ...]:
        """The flags that hand the lab's secrets to a build; other values in place of theirs."""
        for name, value in (fresh or {}).items():
            (self._secrets / f"{name}.other").write_text(value)
        end = {name: ".other" if name in (fresh or {}) else "" for name in self.fresh}
        return tuple(f"--secret=id={n},src={self._secrets / f'{n}{end[n]}'}" for n in self.fresh)

    def _build(
        self,
        edits: tuple[str, ...],
        target: str,
        flags: tuple[str, ...],
        *,
        image: bool = False,
        title: str = "",
    ) -> Built:
        setting = self.lab.setting
        title = title or ", ".join(edits) or "as it is"
        title = ": ".join(filter(None, (self.name, self.file, title)))
        title = f"{title}{f' ({target})' if target and target != setting.target else ''}"
        title = f"{title}{f' {_short(flags)}' if flags else ''}{', image' if image else ''}"
        self.progress(f"building: {title}")
        arguments = [f"--build-arg={k}={v}" for k, v in setting.arguments.items()]
        try:
            more = [flag for name in edits for flag in self.apply(name)]
            with limited(self.engine):
                record = self.bench.build(
                    title,
                    *([f"--file={self.file}"] if self.file else []),
                    *([f"--target={target}"] if target else []),
                    *(*arguments, *setting.flags, *self.secret_flags(), *more, *flags),
                    output="image" if image else "cache",
                    mask=tuple(self.fresh.values()),
                    timeout_s=setting.limit_s,
                    engine=self.engine,
                )
        finally:
            self.tree.reset()
        self.records[record.title] = record
        made = Built(record, Told.by(record.work), _ref(record) if image else "")
        self._learn(record)
        return made

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
    """Why a build failed, as the build says it."""
    return failed_text(record)


def _ref(record: BuildRecord) -> str:
    words = record.command
    return next(words[i + 1] for i, word in enumerate(words) if word == "--tag")


def _short(flags: tuple[str, ...]) -> str:
    return " ".join(f.lstrip("-").partition("=")[0] for f in flags)


@contextmanager
def _secret_files(fresh: Mapping[str, str]) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="buildlab-") as name:
        for secret, value in fresh.items():
            Path(name, secret).write_text(value)
        yield Path(name)
