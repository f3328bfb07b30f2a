"""What is said of builds that fail, and that it is true: real builds of every kind of failure."""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from buildlab.builds import build
from buildlab.builds.context.ignoring import rules_of
from buildlab.engine.model import Engine
from buildlab.record.model import BuildRecord
from buildlab.record.steps import State
from buildlab.record.words import record_text

Run = Callable[..., BuildRecord]
COPY = "FROM scratch\nCOPY {} /\n"


@pytest.fixture
def failed(lab_engine: Engine, busybox_context: Path) -> Run:
    """Builds these files and expects a failure."""

    def run(files: Mapping[str, str], *flags: str, context: str = "") -> BuildRecord:
        for name, text in files.items():
            path = busybox_context / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        record = build(
            busybox_context / context, *flags, engine=lab_engine, output="cache", title="failing"
        )
        assert not record.ok
        assert not re.search(r"\b[a-z0-9]{25}\b", record_text(record))
        return record

    return run


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"Dockerfile": COPY.format("main.go")}, "main.go is not in the context"),
        ({"Dockerfile": COPY.format("main.go"), "cmd/main.go": ""},
         "main.go is not in the context; there is cmd/main.go"),
        ({"Dockerfile": COPY.format("Main.go"), "main.go": ""},
         "Main.go is not in the context, main.go is: capital letters count"),
        ({"Dockerfile": COPY.format("cmd/Main.go"), "CMD/main.go": ""},
         "cmd/Main.go is not in the context, CMD/main.go is: capital letters count"),
        ({"Dockerfile": COPY.format("main.go"), "main.go": "", ".dockerignore": "# go\n\n*.go\n"},
         "main.go exists, but .dockerignore excludes it (line 3: *.go)"),
        ({"Dockerfile": COPY.format("gen/a.go"), "gen/a.go": "", ".dockerignore": "!gen\n/gen/\n"},
         "gen/a.go exists, but .dockerignore excludes it (line 2: /gen/)"),
        ({"Dockerfile": COPY.format("docs"), "docs/a.md": "", ".dockerignore": "docs\n!*.txt\n"},
         "docs exists, but .dockerignore excludes it (line 1: docs)"),
        ({"Dockerfile": COPY.format("a.txt"), "a.txt": "", "Dockerfile.dockerignore": "*.txt\n",
          ".dockerignore": "!*\n"},
         "a.txt exists, but Dockerfile.dockerignore excludes it (line 1: *.txt)"),
        ({"Dockerfile": COPY.format("../other/x")}, "../other/x lies outside of the context"),
        ({"Dockerfile": COPY.format("/etc/hostname")}, "/etc/hostname lies outside of the context"),
        ({"Dockerfile": "FROM scratch\nADD [\"a b.txt\", \"/\"]\n"}, "a b.txt is not in"),
        ({"Dockerfile": "FROM scratch\nCOPY busybox /bin/busybox\n"
          "RUN --mount=type=bind,source=lib,target=/lib [\"/bin/busybox\", \"true\"]\n"},
         "lib is not in the context"),
        ({"Dockerfile": "FROM scratch AS Made\nCOPY busybox /b\nFROM scratch\n"
          "COPY --from=made /out/app /\n"}, "/out/app is not in stage made"),
        ({"Dockerfile": "FROM scratch\nCOPY busybox /b\nFROM scratch\nCOPY --from=0 /out /\n"},
         "/out is not in stage 0"),
        ({"Dockerfile": "FROM scratch\nCOPY --from=golang:1.27-trixie /nope /\n"},
         "/nope is not in the image golang:1.27-trixie"),
        ({"Dockerfile": "FROM scratch AS low\nCOPY busybox /bin/busybox\n"
          "RUN --mount=type=cache,target=/go/pkg [\"/bin/busybox\", \"true\"]\n"
          "FROM low AS made\nCOPY busybox /c\nFROM scratch\nCOPY --from=made /go/pkg/mod /\n"},
         "/go/pkg/mod is not in stage made: line 3 mounts it"),
    ],
)  # fmt: skip
def test_a_missing_source_is_called_what_it_is(
    failed: Run, files: Mapping[str, str], said: str
) -> None:
    """Not there, ignored (by which line), another case, outside, in another stage or image."""
    record = failed(files)
    assert record.failure is not None
    assert said in record.failure.message
    assert "not found" in record.failure.raw


def test_a_missing_source_of_a_named_context(failed: Run, tmp_path: Path) -> None:
    """A named context has its own ignore file, and its own name in what is said."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "x.txt").write_text("")
    (other / ".dockerignore").write_text("*.txt\n")
    files = {"Dockerfile": "FROM scratch\nCOPY --from=shared x.txt /\n"}
    record = failed(files, "--build-context", f"shared={other}")
    assert record.failure is not None
    assert "x.txt exists, but .dockerignore excludes it (line 1: *.txt)" in record.failure.message
    (other / ".dockerignore").unlink()
    (other / "x.txt").unlink()
    record = failed(files, "--build-context", f"shared={other}")
    assert record.failure is not None
    assert "x.txt is not in the named context shared" in record.failure.message


def test_the_last_words_of_a_command(failed: Run) -> None:
    """The end of what the command said stands under the error, with how much came before."""
    record = failed(
        {
            "Dockerfile": "FROM scratch\nCOPY busybox /bin/busybox\n"
            'SHELL ["/bin/busybox", "sh", "-c"]\n'
            # One stream: BuildKit keeps no order between what comes on two.
            "RUN exec 2>&1; for i in $(busybox seq 40); do echo line $i; done; "
            f"echo main.go:3:1: undefined: {secrets.token_hex(4)} >&2; exit 3\n"
        }
    )
    assert record.failure is not None
    assert record.failure.message == "exit code: 3"
    assert "main.go:3:1: undefined" in record.failure.output[-1]
    assert record.failure.output_left_out == 41 - len(record.failure.output)
    assert "the last 15 of 41 lines" in record_text(record)


RULES = (
    "*.go\n!keep.go\n",
    "gen\n!gen/go\n",
    "**\n!a/**/x.txt\n",
    "!a\na/*\n!a/b\n",
    "a/?.txt\n**/deep\n",
    "[ab]\n/c/\n# x\n #y\n./d\n",
    "*\n!*.txt\n!gen\ngen/py\n",
    "a/b/..\n!a/b/x.txt\n",
)
TREE = (
    *("main.go", "keep.go", "a/x.txt", "a/b/x.txt", "a/b/deep/y.txt", "a/m.go", "b/x.txt"),
    *("c/x.txt", "d/x.txt", "gen/go/v.go", "gen/py/v.py", "deep/z", "#y", "x.txt"),
)


@pytest.mark.parametrize("text", RULES)
def test_ignore_rules_are_the_engines(
    lab_engine: Engine, tmp_path: Path, busybox_context: Path, text: str
) -> None:
    """What the rules let in is what the engine gets, file by file."""
    folder = tmp_path / "tree"
    for name in TREE:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")
    (folder / ".dockerignore").write_text(text)
    dockerfile = busybox_context / "Dockerfile"
    dockerfile.write_text("FROM scratch\nCOPY . /\n")
    out = tmp_path / "out"
    flags = ("--file", str(dockerfile), "--output", f"type=local,dest={out}")
    assert build(folder, *flags, engine=lab_engine, output="none").ok
    rules = rules_of(folder)
    expected = {name for name in TREE if rules.excluded(name) is None}
    assert {name for name in TREE if os.path.lexists(out / name)} == expected


def test_json_is_never_empty(lab_engine: Engine, busybox_context: Path) -> None:
    """A build that failed, or ran into its time limit, prints its record with --json, too."""
    (busybox_context / "Dockerfile").write_text(
        "FROM scratch\nCOPY busybox /bin/busybox\n"
        f'RUN ["/bin/busybox", "sleep", "{60 + secrets.randbelow(900)}"]\n'
    )
    command = [sys.executable, "-m", "buildlab", "build", str(busybox_context), "--json"]
    done = subprocess.run(
        [*command, "--timeout", "3"], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 6
    record = json.loads(done.stdout)
    assert "stopped after 3 s" in record["failure"]["message"]
    assert [s["state"] for s in record["steps"]][-1] == State.NOT_REACHED
    assert "stopped after 3 s" in done.stderr
    (busybox_context / "Dockerfile").write_text("FROM scratch\nCOPY nothing /\n")
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 4
    assert "nothing is not in the context" in json.loads(done.stdout)["failure"]["message"]
