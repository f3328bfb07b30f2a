"""Which images a Dockerfile needs, and what is said of features that a frontend has not."""

from __future__ import annotations

import pytest

from buildlab.builds.trouble.features import explained, wanted
from buildlab.dockerfile.needs import needed
from buildlab.dockerfile.reading import parse

TEXT = """\
ARG NODE=22
ARG WEB=web
FROM node:${NODE}-alpine AS web
FROM golang:1.25@sha256:abc AS Build
COPY --from=busybox:1.36 /bin/sh /sh
COPY --chown=1:1 --from=$WEB /x /x
RUN --mount=type=bind,from=alpine:3.22,target=/a --mount=type=cache,target=/c true
FROM unused:1 AS unused
FROM scratch
COPY --from=build /a /a
COPY --from=0 /b /b
COPY --from=alpine:3.22 /c /c
"""


def named(target: str = "", **given: str) -> list[tuple[str, tuple[int, ...]]]:
    return [(need.image, need.lines) for need in needed(parse(TEXT), target, given)]


def test_every_image_of_the_target_is_found() -> None:
    """FROM, COPY --from and mounts, with variables put in and digests whole; stages are none."""
    assert named() == [
        ("node:22-alpine", (3,)), ("golang:1.25@sha256:abc", (4,)), ("busybox:1.36", (5,)),
        ("alpine:3.22", (7, 12)),
    ]  # fmt: skip


def test_only_what_the_target_reaches() -> None:
    """By name in any case, with the arguments of the command line."""
    assert named("web", NODE="20") == [("node:20-alpine", (3,))]
    assert named("unused") == [("unused:1", (8,))]
    assert [image for image, _ in named("BUILD")] == [
        "node:22-alpine", "golang:1.25@sha256:abc", "busybox:1.36", "alpine:3.22",
    ]  # fmt: skip


def test_no_dockerfile_needs_nothing() -> None:
    """Also not where the target isn't there: BuildKit says so."""
    assert needed(parse(""), "", {}) == ()
    assert named("nowhere") == []


FILE = "FROM scratch\nCOPY --parents a \\\n  b /\nRUN --device=x true\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("dockerfile parse error on line 2: unknown flag: --parents",
         ("COPY --parents (line 2)", "docker/dockerfile:1.20", "# syntax=", "copy each file")),
        ("device feature is only supported in Dockerfile frontend 1.14.0-labs or later",
         ("RUN --device (line 4)", "docker/dockerfile:1.14.0-labs", "# syntax=")),
        ('unsupported mount type "nfs"', ("nfs", "bind, cache")),
    ],
)  # fmt: skip
def test_a_feature_that_is_missing_is_named(words: str, told: tuple[str, ...]) -> None:
    """With its line, and what to do."""
    said = explained(words, FILE, "v0.25.1")
    assert all(part in said for part in told)
    assert "BuildKit 0.25.1" in said
    assert explained("exit code: 1", FILE, "") == ""


def test_what_the_built_in_frontend_may_lack() -> None:
    """What to look at before a # syntax line is taken out."""
    assert wanted(FILE) == ("COPY --parents (line 2)", "RUN --device (line 4)")


@pytest.mark.parametrize(
    "words",
    [
        "dockerfile parse error on line 2: unknown flag: --parnets",
        "dockerfile parse error on line 2: unknown flag: --parent (did you mean parents?)",
        "dockerfile parse error on line 4: unknown instruction: RUNN (did you mean RUN?)",
    ],
)
def test_a_misspelt_word_keeps_what_the_frontend_says_of_it(words: str) -> None:
    """It often knows which word was meant."""
    said = explained(words, FILE, "v0.25.1")
    assert said.startswith(words)
    assert "spelling" in said
