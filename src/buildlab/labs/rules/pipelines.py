"""Rules of a workflow: its build steps, run against a registry of the kit's on good and bad days.

The second machine is a fresh engine. The token of GitHub is a random one of that check.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from buildlab import engine as engines
from buildlab.artifact import container
from buildlab.artifact.hunt import spellings
from buildlab.builds import build
from buildlab.engine.model import Engine
from buildlab.errors import BuildFailed, UsageError
from buildlab.labs.model import Fact
from buildlab.labs.pipeline.event import Ended, Event, Run
from buildlab.labs.pipeline.workflow import Workflow
from buildlab.labs.rules.declared import Seen, rule
from buildlab.labs.trial import Trial, Ungradable, error_text
from buildlab.record.model import BuildRecord
from buildlab.record.phrases import count
from buildlab.record.steps import State
from buildlab.services.registry import Registry, reached_by, registry

PLANTED: Final = ("$(echo planted-$((41+1)))", "'; echo planted-$((41+1)); echo '")
"""Titles that a shell takes for commands, where they stand in its text."""
_MARK: Final = "planted-42"
_CACHE: Final = "buildkit.cacheconfig"


class _Pipeline:
    """The runs of one answer's workflow, and the registry that they share."""

    def __init__(self, trial: Trial, path: str) -> None:
        self.trial, self.path = trial, path
        if not trial.go_image or not trial.engine.can.docker_api:
            raise Ungradable(
                "this engine can't run the steps of a workflow",
                "use another: unset BUILDLAB_ENGINE",
            )
        self.token = f"tok-{secrets.token_hex(16)}"
        self.shop: Registry = trial.open.enter_context(registry(trial.engine))
        self.logs: list[str] = []
        self.records: list[BuildRecord] = []
        self.runs: dict[str, tuple[Run, int]] = {}

    def run(self, name: str, event: Event, engine: Engine | None = None, edit: str = "") -> Run:
        """Run the workflow, once for each name. Raises Ungradable for what can't be run here."""
        if name in self.runs:
            return self.runs[name][0]
        self.trial.progress(f"running the workflow: {name}")
        before = self.images()
        self.records = []

        def build_(flags: tuple[str, ...]) -> Ended:
            return self._build(name, flags, engine or self.trial.engine)

        try:
            if edit:
                self.trial.apply(edit)
            made = self._workflow().run(event, build_, self._shell)
        except UsageError as fault:
            raise Ungradable(fault.message, fault.hint) from fault
        finally:
            self.trial.tree.reset()
        self.logs += [*made.log, *made.flags]
        self.runs[name] = made, len(self.images() - before)
        return made

    def pushed(self, name: str) -> int:
        """How many images a run has pushed."""
        return self.runs[name][1]

    def dry(self, event: Event) -> Run:
        """Run the workflow without its builds."""
        try:
            return self._workflow().run(event, lambda _: Ended(True, ""), self._shell)
        except UsageError as fault:
            raise Ungradable(fault.message, fault.hint) from fault

    def images(self) -> set[tuple[str, str]]:
        """The images in the registry: name and digest."""
        return {(name, self.shop.digest(name)) for name in self._names() if not self._cache(name)}

    def caches(self) -> set[str]:
        """The caches in the registry, by name."""
        return {name for name in self._names() if self._cache(name)}

    def _names(self) -> Sequence[str]:
        return [f"{r}:{t}" for r in self.shop.repositories() for t in self.shop.tags(r)]

    def _cache(self, name: str) -> bool:
        return _CACHE in json.dumps(self.shop.manifest(name))

    def _workflow(self) -> Workflow:
        return Workflow(Path(self.trial.tree.path, self.path), self.shop.address, self.token)

    def _build(self, name: str, flags: tuple[str, ...], engine: Engine) -> Ended:
        try:
            record = build(
                self.trial.tree,
                *flags,
                title=f"workflow, {name}",
                engine=engine,
                output="none",
                timeout_s=self.trial.lab.setting.limit_s,
            )
        except (BuildFailed, UsageError) as fault:
            return Ended(False, fault.message)
        self.records.append(record)
        self.trial.records[record.title] = record
        self.trial.asked.append(record.title)
        return Ended(record.ok, record.output if record.ok else error_text(record))

    def _shell(self, script: str, env: Mapping[str, str]) -> Ended:
        ran = container.run(
            self.trial.engine, self.trial.go_image, "-c", script, entrypoint=["bash"], env=env
        )
        return Ended(ran.ok, f"{ran.output}\n")


@rule
def workflow_pushes(trial: Trial, *, path: str) -> Seen:
    """A push to main, with nothing in the registry, pushes an image. Facts: `ok`, `pushed`."""
    pipe = _pipeline(trial, path)
    made = pipe.run("first", Event())
    return _pushed(made, pipe.pushed("first"), "the first run")


@rule
def workflow_reuses(trial: Trial, *, path: str, edit: str) -> Seen:
    """On a machine that never built it, a run after this edit runs fewer RUN steps than the first.

    Control: the first run ran some. Facts: `ok`, `ran` (RUN steps), `first` (those of the first).
    """
    pipe = _pipeline(trial, path)
    first = pipe.run("first", Event())
    before = _commands(_of(trial, "first"))
    if not first.ok or not before:
        text = f"the first run failed: {first.why}" if not first.ok else "the first run ran nothing"
        return Seen(False, text, {"ok": first.ok, "ran": 0, "first": before})
    with engines.engine(fresh=True) as other, reached_by(pipe.shop, other):
        made = pipe.run("on a second machine", Event(), other, edit=edit)
    ran = _commands(pipe.records)
    facts: dict[str, Fact] = {"ok": made.ok, "ran": ran, "first": before}
    if not made.ok:
        return Seen(False, f"the run on a second machine fails: {made.why}", facts)
    text = f"on a second machine {count(ran, 'RUN step')} ran, of {before} in the first run"
    return Seen(ran < before, text, facts)


@rule
def workflow_survives(trial: Trial, *, path: str, edit: str) -> Seen:
    """Where the registry refuses the cache, a run after this edit pushes its image, and ends well.

    Facts: `ok`, `pushed`.
    """
    pipe = _pipeline(trial, path)
    pipe.run("first", Event())
    made = pipe.run("cache refused", Event(refuse_cache=True), edit=edit)
    return _pushed(made, pipe.pushed("cache refused"), "with the cache refused, the run")


@rule
def workflow_takes_owner(trial: Trial, *, path: str, repository: str) -> Seen:
    """In a repository of that name a run pushes its image. Facts: `ok`, `pushed`."""
    pipe = _pipeline(trial, path)
    made = pipe.run(repository, Event(repository=repository))
    return _pushed(made, pipe.pushed(repository), f"in {repository}, the run")


@rule
def workflow_of_fork(trial: Trial, *, path: str, edit: str) -> Seen:
    """A pull request from a fork, which may not write, is built, and asks for main's cache.

    Facts: `ok`, `builds`, `reads` (whether it asks for a cache that is there).
    """
    pipe = _pipeline(trial, path)
    pipe.run("first", Event())
    made = pipe.run("fork", Event("pull_request", fork=True, branch="better-gate"), edit=edit)
    asked = [flag for flag in made.flags if flag.startswith("--cache-from")]
    reads = any(f"{pipe.shop.address}/{name}" in flag for name in pipe.caches() for flag in asked)
    facts: dict[str, Fact] = {"ok": made.ok, "builds": made.builds, "reads": reads}
    if not made.ok:
        return Seen(False, f"a pull request from a fork fails: {made.why}", facts)
    if not made.builds:
        return Seen(False, "a pull request from a fork builds nothing", facts)
    if not reads:
        return Seen(False, "a pull request from a fork reads no cache that is there", facts)
    return Seen(True, "a pull request from a fork is built, and reads the cache", facts)


@rule
def workflow_keeps_secrets(trial: Trial, *, path: str) -> Seen:
    """No step prints the token, in whatever spelling, and no build gets it as a flag. What GitHub
    would have masked counts as printed: it masks one spelling. Facts: `printed`."""
    pipe = _pipeline(trial, path)
    pipe.run("first", Event())
    text = "\n".join(pipe.logs).encode()
    printed = any(form in text for form in spellings(pipe.token.encode()))
    said = "a step prints the token" if printed else "no step prints the token"
    return Seen(not printed, f"{said}, in {count(len(pipe.runs), 'run')}", {"printed": printed})


@rule
def workflow_takes_no_orders(trial: Trial, *, path: str) -> Seen:
    """What a stranger writes into a pull request's title or branch is run by no step.

    Facts: `run`, `started` (jobs that the pull request starts).
    """
    pipe = _pipeline(trial, path)
    log, jobs = "", 0
    for planted in PLANTED:
        branch = planted.replace(" ", "${IFS}")
        made = pipe.dry(Event("pull_request", fork=True, title=planted, branch=branch))
        log, jobs = log + "\n".join(made.log), jobs + made.jobs
    facts: dict[str, Fact] = {"run": _MARK in log, "started": jobs}
    if not jobs:
        return Seen(False, "a pull request starts no job, so nothing can be said", facts)
    if _MARK in log:
        return Seen(False, "a step has run what stood in the title of a pull request", facts)
    return Seen(True, "what stood in the title of a pull request was run by no step", facts)


def _pipeline(trial: Trial, path: str) -> _Pipeline:
    return trial.once("pipeline", lambda: _Pipeline(trial, path))


def _pushed(made: Run, pushed: int, who: str) -> Seen:
    facts: dict[str, Fact] = {"ok": made.ok, "pushed": pushed}
    if not made.ok:
        return Seen(False, f"{who} fails: {made.why}", facts)
    if not pushed:
        return Seen(False, f"{who} pushes no image", facts)
    return Seen(True, f"{who} pushes its image", facts)


def _of(trial: Trial, name: str) -> list[BuildRecord]:
    return [r for title, r in trial.records.items() if title == f"workflow, {name}"]


def _commands(records: Sequence[BuildRecord]) -> int:
    """RUN steps that ran."""
    return sum(s.keyword == "RUN" and s.state is State.RAN for r in records for s in r.work)
