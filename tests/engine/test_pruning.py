"""Pruning reaches fresh engines only."""

from __future__ import annotations

from dataclasses import replace

import pytest

from buildlab.engine import Engine, pruning
from buildlab.errors import UsageError


@pytest.mark.parametrize("command", pruning.COMMANDS)
def test_an_engine_that_is_not_fresh_is_refused(lab_engine: Engine, command: str) -> None:
    """The shared engine keeps its cache whatever is asked: nothing is started at all."""
    nowhere = replace(lab_engine, cli=("/nowhere/docker",), buildx=("/nowhere/buildx",))
    with pytest.raises(UsageError, match="only a fresh engine"):
        pruning.prune(nowhere, command)


@pytest.mark.parametrize("command", ["docker system prune", "docker system prune -a"])
def test_a_fresh_builder_in_the_users_docker_is_not_the_users_docker(
    lab_engine: Engine, command: str
) -> None:
    """In a Docker of the user's, system prune is refused: it would remove what is theirs."""
    theirs = replace(lab_engine, kind="docker", fresh=True)
    assert command not in pruning.possible(theirs)
    with pytest.raises(UsageError, match="can't be run"):
        pruning.prune(theirs, command)


def test_an_unknown_command_is_refused(lab_engine: Engine) -> None:
    """Only the listed commands run."""
    with pytest.raises(UsageError, match="choose one of"):
        pruning.prune(replace(lab_engine, fresh=True), "docker volume prune")
