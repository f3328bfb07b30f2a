"""A workflow's steps as they are run by a lab: expressions, jobs, and flags of builds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from buildlab.errors import UsageError
from buildlab.labs.pipeline.event import Ended, Event, Run
from buildlab.labs.pipeline.expressions import fill, true
from buildlab.labs.pipeline.workflow import Workflow

KNOWN = {"github": {"event_name": "push", "actor": "Ann", "empty": None}, "env": {"IMAGE": "a/b"}}
JOB = """
on: [push, pull_request]
env: {IMAGE: "ghcr.io/${{ github.repository }}"}
jobs:
  image:
    permissions: {packages: PACKAGES}
    steps:
      - uses: actions/checkout@v6
      - {id: one, run: "echo said=$WORD", env: {WORD: "${{ github.actor }}"}}
      - uses: docker/login-action@v4
        with: {registry: ghcr.io, password: "${{ secrets.GITHUB_TOKEN }}"}
      - uses: docker/build-push-action@v7
        with:
          push: true
          tags: ${{ env.IMAGE }}:1
          cache-from: type=registry,ref=${{ env.IMAGE }}:cache
          cache-to: type=registry,ref=${{ env.IMAGE }}:cache,mode=max
          INPUT: "x"
"""


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("${{ github.actor }} and ${{env.IMAGE}}", "Ann and a/b"),
        ("${{ github.event_name == 'PUSH' && 'yes' || 'no' }}", "yes"),
        ("${{ !(github.actor != 'Bob') }}", "false"),
        ("${{ format('{1}-{0}', 'a', github.actor) }}", "Ann-a"),
        ("${{ github.empty || github.none || 'it''s' }}", "it's"),
        ("${{ contains(github.actor, 'an') }} ${{ 2 }}", "true 2"),
        ("none", "none"),
    ],
)
def test_expressions_come_to_what_github_makes_of_them(text: str, filled: str) -> None:
    """Names, comparison without case, choice by && and ||, functions."""
    assert fill(text, KNOWN) == filled


@pytest.mark.parametrize(
    "text", ["nobody.name", "hashFiles('x')", "github.actor ==", "(1", "1 1", "a$"]
)
def test_an_expression_that_is_not_understood_is_an_error(text: str) -> None:
    """And no empty text."""
    with pytest.raises(UsageError):
        fill(f"${{{{ {text} }}}}", KNOWN)


def test_a_condition_is_written_with_or_without_its_marks() -> None:
    """Both mean the same; a bare text that is not empty is true."""
    assert true("github.event_name == 'push'", KNOWN)
    assert not true("${{ github.event_name == 'pull_request' }}", KNOWN)


def ran(folder: Path, text: str, event: Event) -> tuple[Run, list[str]]:
    """The workflow, run without builds."""
    (folder / "image.yml").write_text(text)
    flags: list[str] = []

    def build(given: tuple[str, ...]) -> Ended:
        flags.extend(given)
        return Ended(True, "built")

    def shell(script: str, env: Mapping[str, str]) -> Ended:
        return Ended(True, f"{script.splitlines()[-1]} with {env['WORD']}")

    return Workflow(folder / "image.yml", "here:1", "secret").run(event, build, shell), flags


def test_a_push_may_write_and_a_fork_may_not(tmp_path: Path) -> None:
    """What may not be written goes to a registry that refuses; what is read comes from ours."""
    text = JOB.replace("PACKAGES", "write").replace('          INPUT: "x"\n', "")
    _, flags = ran(tmp_path, text, Event())
    assert "--tag=here:1/harbourworks/tidegate:1" in flags
    assert "--cache-to=type=registry,ref=here:1/harbourworks/tidegate:cache,mode=max" in flags
    _, flags = ran(tmp_path, text, Event("pull_request", fork=True))
    assert "--tag=127.0.0.1:1/harbourworks/tidegate:1" in flags
    assert "--cache-from=type=registry,ref=here:1/harbourworks/tidegate:cache" in flags


def test_a_job_without_the_right_to_write_may_not(tmp_path: Path) -> None:
    """Whoever starts it."""
    _, flags = ran(tmp_path, JOB.replace("PACKAGES", "read").replace("INPUT", "file"), Event())
    assert "--tag=127.0.0.1:1/harbourworks/tidegate:1" in flags


def test_a_script_gets_its_variables(tmp_path: Path) -> None:
    """The expression is in place before the shell reads it."""
    run, _ = ran(tmp_path, JOB.replace("INPUT", "file"), Event())
    assert run.log[1] == "echo said=$WORD with harbourworks"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("INPUT", "allow", "allow"),
        ("docker/build-push-action", "docker/bake-action", "bake"),
        ("type=registry", "type=gha", "type=gha"),
        ("echo said=$WORD", "docker push x", "docker"),
        ("    steps:", "    strategy: {}\n    steps:", "strategy"),
        ("env: {IMAGE", "env: {OTHER: [1], IMAGE", "OTHER"),
        ("    steps:", "    steps: [a]\n    name:", "shape"),
        ("ghcr.io/$", "example.com/$", "ghcr.io"),
    ],
)
def test_what_can_not_be_run_here_is_said(tmp_path: Path, old: str, new: str, said: str) -> None:
    """It is not passed over."""
    text = JOB.replace(old, new, 1).replace("INPUT", "file")
    with pytest.raises(UsageError, match=said):
        ran(tmp_path, text, Event())
