"""A lab's build script: run in a container, and what it asks of docker then built as it asked.

The kit's own builds are guarded against stale files. These are not: each folder goes to the engine
under the name and with the times that the script gave it, by a client that no other check has.
"""

from __future__ import annotations

import re
import secrets
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Final
from weakref import WeakKeyDictionary

from buildlab.builds import build
from buildlab.builds.client import plain
from buildlab.builds.unwatched import unwatched
from buildlab.host import unpacking
from buildlab.host.settings import Settings
from buildlab.labs.files import files
from buildlab.labs.toolchain import Told
from buildlab.labs.trial import NotBuilt, Trial, Ungradable, error_text
from buildlab.record.model import BuildRecord

RUNNING: Final = Path(__file__).parent / "running"
FOLDER: Final = "checkout"
"""What the folder is called in which the script is run, each time."""
_WORD = re.compile(r"(?<![0-9a-f])[0-9a-f]{8}(?![0-9a-f])")
_BUILDS = (("build",), ("buildx", "build"), ("image", "build"), ("builder", "build"))
_KEPT = ("--no-cache", "--no-cache-filter", "--build-arg", "--target", "--file", "--label")
_PASSED_OVER = ("--tag", "--quiet", "--progress", "--pull", "--load", "--push")
_SHORT = {"-t": "--tag", "-f": "--file", "-q": "--quiet"}
_ALONE = ("--no-cache", "--quiet", "--pull", "--load", "--push")


@dataclass(frozen=True, slots=True)
class Call:
    """What docker was asked: the words after `docker`, and the folder that was named last."""

    words: tuple[str, ...]
    context: Path | None

    @property
    def build(self) -> tuple[str, ...] | None:
        """The words after `build`, without the folder; None where it is no build."""
        for verb in _BUILDS:
            if self.words[: len(verb)] == verb and self.context is not None:
                return self.words[len(verb) : -1]
        return None


@dataclass(frozen=True, slots=True)
class Shipped:
    """What came of one run: the build, what Go did, the files of the result, what else was asked
    of docker. `words` are those of eight hexadecimal digits that the edit had brought."""

    record: BuildRecord
    told: Told
    content: bytes
    others: tuple[str, ...]
    words: tuple[str, ...] = ()

    @property
    def arrived(self) -> bool:
        """Whether the edit's words are in the result."""
        return all(word.encode() in self.content for word in self.words)


class Pipeline:
    """The script of one answer, run as often as a rule asks: each run is a build."""

    known: ClassVar[WeakKeyDictionary[Trial, Pipeline]] = WeakKeyDictionary()

    def __init__(self, trial: Trial, script: str) -> None:
        self.trial, self.script = trial, script
        self.env = trial.open.enter_context(plain.other_client(trial.engine))
        self._shipped: dict[str, Shipped] = {}

    def after(self, edit: str) -> Shipped:
        """The run after this edit, made once."""
        if edit not in self._shipped:
            if edit and "" not in self._shipped:
                self.after("")
            self._shipped[edit] = self.run(edit)
        return self._shipped[edit]

    def run(self, edit: str = "", title: str = "") -> Shipped:
        """Make the edit, run the script, build what it asks for, take the edit back."""
        title = f"{self.script}: {title or edit or 'as it is'}"
        self.trial.progress(f"running {title}")
        before = self._words()
        try:
            if edit:
                self.trial.apply(edit)
            new = tuple(sorted(self._words() - before))
            with self._calls(title) as calls:
                return replace(self._ship(calls, title), words=new)
        finally:
            self.trial.tree.reset()

    def _words(self) -> set[str]:
        found: set[str] = set()
        for _, path in files(self.trial.tree.path):
            found |= set(_WORD.findall(path.read_text("utf-8", "replace")))
        return found

    @contextmanager
    def _calls(self, title: str) -> Iterator[list[Call]]:
        home = Settings.from_env().paths
        with home.ours.temporary(home.make(home.work) / "script") as near, unwatched():
            given, folder = near / "given", near / "calls"
            # Below a folder of ours, where its .dockerignore doesn't count.
            shutil.copytree(RUNNING, given)
            shutil.copytree(self.trial.tree.path, given / "tree", symlinks=True)
            made = build(
                given,
                f"--build-arg=FOLDER={FOLDER}",
                f"--build-arg=SCRIPT={self.script}",
                f"--build-arg=RUN_ID={secrets.token_hex(8)}",
                f"--output=type=local,dest={folder}",
                title=title,
                engine=self.trial.engine,
                output="none",
                timeout_s=self.trial.lab.setting.limit_s,
            )
            if not made.ok:
                raise NotBuilt(f"{title}: the script fails", error_text(made))
            found = sorted(folder.iterdir(), key=lambda p: int(p.name)) if folder.is_dir() else []
            yield [_call(path) for path in found]

    def _ship(self, calls: list[Call], title: str) -> Shipped:
        builds = [(call.context, call.build) for call in calls if call.build is not None]
        if len(builds) != 1:
            raise Ungradable(
                f"the script asked docker for {len(builds)} builds", "let it ask for one"
            )
        context, words = builds[0]
        assert context is not None
        assert words is not None
        result = context.parent.parent / "result.tar"
        record = plain.unguarded(
            context,
            *self.trial.bench.flags,
            f"--build-arg=BUILDKIT_CACHE_MOUNT_NS={self.trial.bench.cache_ns}",
            *flags_of(words, context),
            f"--output=type=tar,dest={result}",
            title=title,
            engine=self.trial.engine,
            env=self.env,
            timeout_s=self.trial.lab.setting.limit_s,
        )
        self.trial.records[title] = record
        self.trial.asked.append(title)
        if not record.ok:
            raise NotBuilt(f"{title}: the build fails", error_text(record))
        with tarfile.open(result) as tar:
            content = b"\0".join(found for _, found in unpacking.files(tar, result.name))
        others = tuple(" ".join(call.words) for call in calls if call.build is None)
        return Shipped(record, Told.by(record.work), content, others)


def pipeline(trial: Trial, script: str) -> Pipeline:
    """The script of this answer, one for all rules."""
    if trial not in Pipeline.known:
        Pipeline.known[trial] = Pipeline(trial, script)
    return Pipeline.known[trial]


def flags_of(words: tuple[str, ...], context: Path) -> tuple[str, ...]:
    """The flags that change what is built. Raises Ungradable for one that isn't known."""
    flags: list[str] = []
    rest = list(words)
    while rest:
        name, equals, value = rest.pop(0).partition("=")
        name = _SHORT.get(name, name)
        if name not in (*_KEPT, *_PASSED_OVER):
            raise Ungradable(
                f"the script builds with {name}, which isn't tried here", "leave it out"
            )
        if not equals and name not in _ALONE:
            value = rest.pop(0) if rest else ""
        if name == "--file":
            value = str(context / value)
        if name in _KEPT:
            flags.append(name if name in _ALONE else f"{name}={value}")
    return tuple(flags)


def _call(folder: Path) -> Call:
    words = tuple((folder / "words").read_text("utf-8", "replace").splitlines())
    contexts = list((folder / "context").iterdir()) if (folder / "context").is_dir() else []
    return Call(words, contexts[0] if contexts else None)
