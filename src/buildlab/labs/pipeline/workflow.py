"""A workflow run here: for each job that an event starts, its steps, in their order.

`run` steps are run by bash in a container; checkout, buildx, login, metadata and
build-push of Docker's actions are understood, the last one as flags of `docker buildx build`.
Images of ghcr.io go to the kit's registry.

What it doesn't do: services, matrices, reusable workflows, artifacts, caches that aren't in a
registry, docker in a `run` step, time limits, branch protection. A file that needs one of these
is told so. Versions of actions make no difference; their code isn't run.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from buildlab.errors import BuildlabError, UsageError
from buildlab.labs.pipeline.event import Ended, Event, Run
from buildlab.labs.pipeline.expressions import fill, true
from buildlab.labs.pipeline.pushing import REFUSED, REGISTRY, Places, flags_of, lines

_KEYS = {
    *("if", "name", "runs-on", "permissions", "steps", "env", "timeout-minutes", "needs"),
    *("concurrency", "defaults", "environment", "outputs"),
}
_PLAIN = ("actions/checkout", "docker/setup-buildx-action", "docker/setup-qemu-action")

Build = Callable[[tuple[str, ...]], "Ended"]
Shell = Callable[[str, Mapping[str, str]], "Ended"]


class Workflow:
    """A workflow file. Raises UsageError where it can't be read or needs what isn't here."""

    def __init__(self, path: Path, address: str, token: str) -> None:
        self.address, self.token = address, token
        try:
            data = yaml.safe_load(path.read_text("utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as fault:
            raise UsageError(f"{path.name} can't be read: {fault}", "repair the YAML") from fault
        if not isinstance(data, dict) or not isinstance(data.get("jobs"), dict):
            raise UsageError(f"{path.name} has no jobs", "write jobs: as in the file as given")
        self.data: dict[Any, Any] = data

    def run(self, event: Event, build: Build, shell: Shell) -> Run:
        """Run all jobs that the event starts. Raises UsageError for what can't be run here."""
        try:
            return self._run(event, build, shell)
        except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as fault:
            raise UsageError(
                f"the workflow has another shape than GitHub's: {fault}",
                "compare it with the file as it was given",
            ) from fault

    def _run(self, event: Event, build: Build, shell: Shell) -> Run:
        ended = Run()
        if not self._starts(event):
            return ended
        bad: set[str] = set()
        for name, job in self.data["jobs"].items():
            if unknown := set(job) - _KEYS:
                raise UsageError(
                    f"the job {name} has {sorted(unknown)[0]}, which can't be run here"
                )
            known = event.known(self.token)
            known["env"] = _filled(self.data.get("env"), known)
            known["env"] |= _filled(job.get("env"), known)
            needs = job.get("needs", [])
            if bad & set([needs] if isinstance(needs, str) else needs):
                bad.add(name)
                continue
            if true(job.get("if", True), known):
                before = ended.ok
                ended.jobs += 1
                _Job(self, job, event, known, ended, build, shell).run()
                if before and not ended.ok:
                    bad.add(name)
        return ended

    def _starts(self, event: Event) -> bool:
        on = self.data.get("on", self.data.get(True))  # YAML reads the bare word as true
        if isinstance(on, str | list):
            return event.name in ([on] if isinstance(on, str) else on)
        if not isinstance(on, dict) or event.name not in on:
            return False
        branches = (
            (on[event.name] or {}).get("branches") if isinstance(on[event.name], dict) else None
        )
        branch = "main" if event.name == "pull_request" else event.branch
        return branches is None or branch in branches

    def writes(self, job: Mapping[str, Any], event: Event) -> bool:
        """Whether the job's token may write packages."""
        rights = job.get("permissions", self.data.get("permissions"))
        if event.fork:
            return False
        if isinstance(rights, str):
            return rights == "write-all"
        return isinstance(rights, dict) and rights.get("packages") == "write"


@dataclass(slots=True)
class _Job:
    workflow: Workflow
    job: Mapping[str, Any]
    event: Event
    known: dict[str, Any]
    ended: Run
    build: Build
    shell: Shell
    logged_in: bool = False

    def run(self) -> None:
        self.known["steps"] = {}
        failed = False
        for step in self.job.get("steps") or []:
            given = {**self.known, "env": {**self.known["env"]}}
            given["env"] |= _filled(step.get("env"), given)
            condition = step.get("if", True)
            after = isinstance(condition, str) and re.search(r"always\(|failure\(", condition)
            if (failed and not after) or not true(condition, given):
                continue
            said = self._step(step, given)
            self.ended.log.append(said.output)
            if not said.ok and not step.get("continue-on-error", False):
                failed = True
                self.ended.ok = False
                self.ended.why = self.ended.why or said.output.strip()[-600:]

    def _step(self, step: Mapping[str, Any], given: dict[str, Any]) -> Ended:
        try:
            if "run" in step:
                return self._shell(step, fill(str(step["run"]), given), given)
            uses = str(step.get("uses", "")).partition("@")[0]
            inputs = _filled(step.get("with"), given)
            if uses in _PLAIN:
                return Ended(True, f"{uses}\n")
            if uses == "docker/login-action":
                return self._login(inputs)
            if uses == "docker/metadata-action":
                return self._metadata(step, inputs)
            if uses == "docker/build-push-action":
                return self._push(inputs)
        except BuildlabError as fault:
            if isinstance(fault, UsageError):
                raise
            return Ended(False, fault.message)
        raise UsageError(
            f"the step {uses or step.get('name', '?')} can't be run here",
            "use checkout, Docker's buildx, login, metadata and build-push actions, and run:",
        )

    def _shell(self, step: Mapping[str, Any], script: str, given: dict[str, Any]) -> Ended:
        if re.search(r"^\s*docker\b", script, re.M):
            raise UsageError("a run step calls docker", "build with docker/build-push-action")
        github = self.known["github"]
        told = {
            "GITHUB_REPOSITORY": github["repository"],
            "GITHUB_REPOSITORY_OWNER": github["repository_owner"],
            "GITHUB_SHA": github["sha"],
            "GITHUB_ACTOR": github["actor"],
            "GITHUB_REF": github["ref"],
            "GITHUB_REF_NAME": github["ref_name"],
            "GITHUB_HEAD_REF": github["head_ref"],
            "GITHUB_EVENT_NAME": github["event_name"],
        }
        mark = f"--{secrets.token_hex(8)}"
        files = "export GITHUB_ENV=/tmp/env GITHUB_OUTPUT=/tmp/out GITHUB_STEP_SUMMARY=/tmp/summary"
        tail = f"echo; echo {mark}; cat $GITHUB_ENV; echo {mark}; cat $GITHUB_OUTPUT"
        head = f"{files}; touch $GITHUB_ENV $GITHUB_OUTPUT; trap '{tail}' EXIT; set -eo pipefail"
        said = self.shell(f"{head}\n{script}", {**told, **given["env"]})
        output, *files_said = said.output.split(mark)
        env, outputs = (_assignments(text) for text in (*files_said, "", "")[:2])
        self.known["env"] |= env
        if "id" in step:
            self.known["steps"][step["id"]] = {"outputs": outputs}
        return Ended(said.ok, output)

    def _login(self, inputs: Mapping[str, str]) -> Ended:
        if inputs.get("registry", "docker.io") != REGISTRY:
            raise UsageError(f"the login isn't to {REGISTRY}", f"write registry: {REGISTRY}")
        self.logged_in = inputs.get("password") == self.workflow.token
        return Ended(self.logged_in, "Login Succeeded!\n" if self.logged_in else "unauthorized\n")

    def _metadata(self, step: Mapping[str, Any], inputs: Mapping[str, str]) -> Ended:
        """Names in lower case, with the tags that are asked for: raw, sha, or the ref's name."""
        tags = []
        for line in lines(inputs.get("tags", "type=ref,event=branch")):
            parts = dict(p.partition("=")[::2] for p in line.split(","))
            kind = parts.get("type", "raw")
            sha = (
                f"{parts.get('prefix', 'sha-')}{self.event.sha[: 40 if parts.get('format') else 7]}"
            )
            name = {"raw": parts.get("value", line), "sha": sha}.get(kind, self.event.branch)
            tags.append(re.sub(r"[^\w.-]", "-", name))
        names = [f"{i.lower()}:{t}" for i in lines(inputs.get("images", "")) for t in tags]
        outputs = {"tags": "\n".join(names), "labels": "", "version": tags[0] if tags else ""}
        self.known["steps"][step.get("id", "")] = {"outputs": outputs}
        return Ended(True, "docker/metadata-action\n")

    def _push(self, inputs: Mapping[str, str]) -> Ended:
        writes = self.logged_in and self.workflow.writes(self.job, self.event)
        here, refuses = self.workflow.address, self.event.refuse_cache
        places = Places(
            images=here if writes else REFUSED,
            cache_from=REFUSED if refuses else here,
            cache_to=here if writes and not refuses else REFUSED,
        )
        flags = flags_of(inputs, places)
        self.ended.builds += 1
        self.ended.flags += flags
        said = self.build(tuple(flags))
        return Ended(said.ok, f"docker buildx build {' '.join(flags)}\n{said.output}")


def _filled(given: object, known: Mapping[str, Any]) -> dict[str, str]:
    """A mapping of the file with its expressions in place."""
    pairs = given.items() if isinstance(given, dict) else ()
    if nested := [k for k, v in pairs if isinstance(v, dict | list)]:
        raise UsageError(f"{nested[0]} is no text", f"write {nested[0]}: and a text")
    return {
        str(k): fill(str(v).lower() if isinstance(v, bool) else str(v), known) for k, v in pairs
    }


def _assignments(text: str) -> dict[str, str]:
    """NAME=value, a line each, as a step writes them for the next one."""
    pairs = (line.partition("=") for line in text.splitlines())
    return {name.strip(): value for name, equals, value in pairs if equals}
