"""What a Dockerfile says by itself, and what of it is put beside the steps of a build."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildlab.dockerfile.reading import expand, parse, scopes
from buildlab.record.engineinfo import EngineInfo
from buildlab.record.joining import make_record
from buildlab.record.model import BuildRecord
from buildlab.record.written import image_settings
from tests.unit.streams import folded, recorded

TEXT = """\
# syntax=docker/dockerfile:1
# check=skip=all
ARG BASE=golang:1.27
# a comment
from ${BASE} as Build
RUN echo a && \\
    # inside

    echo b
COPY --chown=0:0 <<one.txt <<-"two.txt" /etc/
FROM no stage
one.txt
\ttwo
\ttwo.txt
ENV A=1 B="x y" C=$BASE
ARG UNSET
RUN <<EOT
set -eu
EOT
FROM build
ENV OLD form of it
RUN echo $A
"""


def test_a_file_is_taken_apart() -> None:
    """Comments, continued lines, heredocs, stage names in any case, parser directives."""
    file = parse(TEXT)
    assert (file.syntax, file.syntax_line) == ("docker/dockerfile:1", 1)
    build, last = file.stages
    assert (build.name, build.base, build.start.lines) == ("build", "${BASE}", (5, 5))
    assert (last.name, last.base) == ("", "build")
    run, copy, heredoc = build.steps
    assert (run.text, run.lines) == ("RUN echo a && echo b", (6, 9))
    assert list(copy.flags()) == [("chown", "0:0")]
    assert (copy.lines, copy.body) == ((10, 14), "FROM no stage\n\ttwo")
    assert (heredoc.lines, heredoc.body) == ((17, 19), "set -eu")
    assert heredoc.source == "RUN <<EOT\nset -eu\nEOT"


def test_variables_have_the_scope_that_docker_gives_them() -> None:
    """ARG before FROM is seen where it is declared again; a stage on a stage inherits."""
    file = parse(TEXT)
    seen = scopes(file, {"UNSET": "7"})
    first, last = file.stages[0].steps[0], file.stages[1].steps[0]
    assert seen[first.lines].environment == {}
    assert seen[last.lines].arguments == {"UNSET": "7"}
    assert seen[last.lines].environment == {"A": "1", "B": "x y", "C": "", "OLD": "form of it"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("$A-${A}", "1-1"), ("${B:-x}", "x"), ("${A:+y}", "y"), ("${B:+y}", ""), ("$B", ""),
        ("${B:-${A}}", "1"), ("'$A'", "'$A'"), (r"\$A", r"\$A"), ("${A-x}", "1"),
    ],
)  # fmt: skip
def test_variables_are_replaced(text: str, told: str) -> None:
    """The forms of a shell that Dockerfiles know; quoted ones stay."""
    assert expand(text, {"A": "1", "B": None}) == told


@given(st.text(alphabet=st.sampled_from("FROM RUN\\\n#<E=\"'$ab`- \r\t"), max_size=80))
def test_no_text_is_an_error(text: str) -> None:
    """What is no Dockerfile is BuildKit's to refuse; lines stay inside the file."""
    file = parse(text)
    scopes(file, {})
    ends = [i.lines for s in file.stages for i in (s.start, *s.instructions)]
    assert all(1 <= a <= b <= text.count("\n") + 1 for a, b in ends)


def made(name: str, text: str | None = None) -> BuildRecord:
    data = recorded(name)
    fold = folded(data["stderr"])
    return make_record(
        fold, data["metadata"], id=name, title=name, command=("docker", "build", *data["flags"]),
        context=".", dockerfile="Dockerfile", wall_s=1.0, exit_code=data["exit_code"],
        engine=EngineInfo("recorded"), plain_tail="\n".join(fold.plain),
        dockerfile_text=data["dockerfile"] if text is None else text,
    )  # fmt: skip


def test_a_step_knows_how_it_was_written() -> None:
    """Heredocs, continued lines, text before variables were put in; also of a failed build."""
    heredoc = made("heredoc").step("", 2)
    assert heredoc.source.startswith("RUN <<EOF\nset -e\necho one")
    failed = made("failed_run")
    assert [s.lines for s in failed.work if s.stage == "build" and s.cacheable] == [
        (2, 2),
        (3, 3),
        (4, 6),
        (7, 7),
    ]
    assert failed.step("stage-2", 2).source == "COPY --from=other /tmp /tmp"
    both = made("two_platforms")
    assert "GOARCH=$TARGETARCH" in both.step("linux/amd64->arm64 build", 4).source
    assert made("mounts").step("build", 3).source.count("\n") == 4


def test_a_step_knows_what_it_sees() -> None:
    """The arguments of the command line, masked where their names say secret."""
    assert made("service_cold").step("build", 4).arguments == ("VERSION=1.2.3",)
    found = made("warnings").step("", 2)
    assert found.arguments == ("API_TOKEN=***masked***",)
    assert found.environment == ("DB_PASSWORD=***masked***",)


def test_a_base_image_has_its_digest() -> None:
    """Whatever name it goes by: a pulled one, a local one, an OCI layout."""
    for name in ("service_cold", "base_by_oci_layout"):
        froms = [s for s in made(name).steps if not s.cacheable]
        assert all(s.base_digest.startswith("sha256:") for s in froms)


def test_a_file_that_was_not_built_tells_nothing_wrong() -> None:
    """A step that the file doesn't hold keeps what the engine says of it."""
    found = made("failed_run", "FROM a\nCOPY x y\n")
    assert all(s.source == "" for s in found.steps)


def test_what_a_stage_sets_without_a_step() -> None:
    """By keyword, inherited from the stage below, of the stage that is built."""
    text = (
        'FROM a AS one\nARG WHO=7\nUSER $WHO\nLABEL x=1 y="two words"\nHEALTHCHECK NONE\n'
        'FROM one\nSTOPSIGNAL TERM\nEXPOSE 80\nSHELL ["/bin/sh", "-c"]\nCMD run $WHO\n'
    )
    first = ("USER=7", "LABEL x=1", "LABEL y=two words", "HEALTHCHECK=NONE")
    assert image_settings(text, {}, "one", str) == first
    assert image_settings(text, {}, "", str) == (
        *first,
        "FROM=one",
        "STOPSIGNAL=TERM",
        "EXPOSE 80=given",
        'SHELL=["/bin/sh", "-c"]',
        "CMD=run $WHO",
    )
    assert image_settings("", {}, "", str) is None
