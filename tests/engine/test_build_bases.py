"""Images that can't be had are named all at once, and the line that is told builds."""

from __future__ import annotations

import re
import shlex

import pytest

from buildlab.builds import build
from buildlab.engine.model import Engine
from buildlab.errors import UsageError
from buildlab.record.model import BuildRecord
from tests.engine.contexts import BASE, Context, context

__all__ = ["context"]

NOWHERE = "registry.invalid/team"
DIGEST = f"golang:1.2-nowhere@sha256:{'a' * 64}"
TEXT = f"""\
ARG TOOL=one
FROM {NOWHERE}/${{TOOL}}:1 AS tool
FROM {DIGEST} AS build
RUN --mount=type=bind,from={NOWHERE}/two:1,target=/two true
COPY --from={NOWHERE}/three:1 /etc/os-release /three
FROM {BASE}
COPY --from=build /three /three
COPY --from=tool /etc/os-release /tool
"""


def message(record: BuildRecord) -> str:
    assert record.failure is not None
    return record.failure.message


def test_all_images_that_cannot_be_had_are_named(context: Context, lab_engine: Engine) -> None:
    """With their lines and names as the file has them; those that can be had are told apart."""
    context.dockerfile(TEXT)
    found = build(context.path, engine=lab_engine, output="cache")
    said = message(found)
    assert found.exit_code != 0
    assert "4 of the 5 images" in said
    for name, line in ((f"{NOWHERE}/one:1", 2), (DIGEST, 3), (f"{NOWHERE}/two:1", 4),
                       (f"{NOWHERE}/three:1", 5)):  # fmt: skip
        assert f"{name} (line {line})" in said
    assert f"here: {BASE}" in said


def test_the_line_that_is_told_builds(context: Context, lab_engine: Engine) -> None:
    """The local equivalent stands under the exact name, digest and all; others get an image."""
    context.dockerfile(TEXT)
    said = message(build(context.path, engine=lab_engine, output="cache"))
    line = re.search(r"→ buildlab build (.*)", said)
    assert line is not None
    words = shlex.split(line[1].replace("docker-image://IMAGE", f"docker-image://{BASE}"))
    assert f"{DIGEST}=docker-image://{BASE}" in words
    assert build(words[-1], *words[:-1], engine=lab_engine, output="cache").ok


def test_a_target_needs_only_its_own(context: Context, lab_engine: Engine) -> None:
    """With an argument's value, and without what a named context gives."""
    context.dockerfile(TEXT)
    flags = ("--target", "tool", "--build-arg", "TOOL=other")
    said = message(build(context.path, *flags, engine=lab_engine, output="cache"))
    assert f"the image {NOWHERE}/other:1 (line 2) can't be had here" in said
    assert "golang" not in said
    assert "--target tool --build-arg TOOL=other --build-context" in said


def test_a_missing_frontend_hides_no_missing_image(context: Context, lab_engine: Engine) -> None:
    """Nor what the file uses that the built-in frontend may lack."""
    context.dockerfile(
        f"# syntax={NOWHERE}/dockerfile:1\nFROM {NOWHERE}/one:1\nCOPY --parents a /\n"
    )
    with pytest.raises(UsageError) as raised:
        build(context.path, engine=lab_engine, output="cache")
    said = str(raised.value)
    assert f"{NOWHERE}/dockerfile:1" in said
    assert f"the image {NOWHERE}/one:1 (line 2) can't be had" in said
    assert "COPY --parents (line 3)" in said


def test_a_feature_that_the_frontend_has_not_is_named(context: Context, lab_engine: Engine) -> None:
    """By the engine's own words for it, whichever they are."""
    for line, told in (
        ("RUN --device=vendor.example/gpu=all true", "RUN --device (line 2)"),
        ("COPY --nowhere a /", "line 2: unknown flag: --nowhere"),
    ):
        context.dockerfile(f"FROM {BASE}\n{line}\n")
        said = message(build(context.path, engine=lab_engine, output="cache"))
        assert told in said
        assert "→" in said
