"""buildx as a user types it: what it prints, and what is never run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from buildlab.builds.client import plain
from buildlab.engine.model import Engine
from buildlab.errors import TimedOut, UsageError
from tests.engine.contexts import BASE, Context, context

__all__ = ["context"]


def test_plain_build_is_what_docker_prints(context: Context, lab_engine: Engine) -> None:
    """The text has the steps and the client's last word; a failure is an answer."""
    context.dockerfile(f"FROM {BASE}\nRUN echo {context.salt} && false\n")
    said = plain.build(context.path, engine=lab_engine)
    assert not said.ok
    assert said.exit_code == 1
    assert f"RUN echo {context.salt}" in said.text
    assert "did not complete successfully: exit code: 1" in said.text
    assert said.command[:3] == ("docker", "buildx", "build")


def test_check_is_a_call_and_no_build(context: Context, lab_engine: Engine) -> None:
    """--call=check prints the findings and runs no step."""
    context.dockerfile(f"FROM {BASE}\nENV TOKEN_SECRET=x\nRUN echo {context.salt}\n")
    said = plain.build(context.path, "--call=check", engine=lab_engine)
    assert "SecretsUsedInArgOrEnv" in said.text
    assert "DONE" not in said.text.partition("SecretsUsedInArgOrEnv")[2]


def test_rawjson_is_json(context: Context, lab_engine: Engine) -> None:
    """Another form of progress comes as it is."""
    context.dockerfile("FROM scratch\nCOPY Dockerfile /\n")
    said = plain.build(context.path, engine=lab_engine, progress="rawjson")
    assert said.text.startswith("{")


@pytest.mark.parametrize("words", [("history", "ls"), ("du",)])
def test_reading_commands(words: tuple[str, ...], lab_engine: Engine) -> None:
    """What only reads, runs."""
    assert plain.read(*words, engine=lab_engine).ok


@pytest.mark.parametrize(
    "words", [("history", "rm", "--all"), ("prune", "-f"), ("rm", "default"), ("history",)]
)
def test_other_commands_are_refused(words: tuple[str, ...], lab_engine: Engine) -> None:
    """Nothing that changes an engine goes through `read`; `history rm` can crash one."""
    with pytest.raises(UsageError, match="not among the commands that only read"):
        plain.read(*words, engine=lab_engine)


def test_a_shared_engine_is_never_pruned(lab_engine: Engine) -> None:
    """Pruning needs an engine of one's own."""
    with pytest.raises(UsageError, match="fresh"):
        plain.prune("--all", engine=lab_engine)


def test_time_limit(context: Context, lab_engine: Engine) -> None:
    """A build that takes too long is stopped, and the error says after how long."""
    context.dockerfile(f"FROM {BASE}\nRUN sleep 60; : {context.salt}\n")
    with pytest.raises(TimedOut, match="stopped after 2 s"):
        plain.build(context.path, engine=lab_engine, timeout_s=2)


def test_unguarded_build_is_recorded(context: Context, lab_engine: Engine, tmp_path: Path) -> None:
    """A build without the guard gives a record like any other, a failed one too."""
    context.dockerfile("FROM scratch\nCOPY Dockerfile /\n")
    dest = tmp_path / "out"
    made = plain.unguarded(
        context.path, f"--output=type=local,dest={dest}", title="raw", engine=lab_engine
    )
    assert made.ok
    assert (dest / "Dockerfile").is_file()
    context.dockerfile("FROM scratch\nCOPY missing /\n")
    failed = plain.unguarded(context.path, "--output=type=cacheonly", title="r", engine=lab_engine)
    assert failed.failure is not None
    assert "not found" in failed.failure.message


def test_another_client_has_a_node_id_of_its_own(lab_engine: Engine) -> None:
    """The copy of the client's state leaves out what names the client, and is gone afterwards."""
    with plain.other_client(lab_engine) as env:
        config = Path(env["BUILDX_CONFIG"] or "")
        assert config.is_dir()
        assert not (config / ".buildNodeID").exists()
        assert os.fspath(config) != lab_engine.child_env().get("BUILDX_CONFIG")
    assert not config.exists()
