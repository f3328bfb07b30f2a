"""Answers that are broken or hostile: a clear verdict, nothing lost, nothing left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from buildlab.engine import current
from buildlab.errors import UsageError
from buildlab.labs import copies, grading, limits, progress, reading, working
from buildlab.labs.model import Report
from buildlab.show import labs as shown

LAB = reading.find("late_arguments")
DOCKERFILE = (LAB.solution / "Dockerfile").read_text("utf-8")


@pytest.fixture(autouse=True)
def _own_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUILDLAB_WORK", str(tmp_path / "work"))


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """The solution, to be broken."""
    with working.overlaid(LAB, LAB.solution) as answer:
        yield answer


def graded(folder: Path, dockerfile: str | None, limit_s: float = 60) -> Report:
    path = folder / "Dockerfile"
    path.unlink()
    if dockerfile is not None:
        path.write_text(dockerfile, "utf-8")
    lab = replace(LAB, setting=replace(LAB.setting, limit_s=limit_s))
    return grading.check(lab, folder)


def outcomes(report: Report) -> set[str]:
    first, *rest = report.verdicts
    assert (first.id, first.outcome) == ("builds", "failed")
    assert {v.outcome for v in rest} == {"not graded"}
    return set(first.seen.splitlines())


@pytest.mark.parametrize(
    ("dockerfile", "said"),
    [
        (None, "Dockerfile"),
        ("FORM golang:1.27-trixie\n", "unknown instruction"),
        ("", "empty"),
        ("FROM golang:1.27-trixie\nRUN exit 7\n", "exit code: 7"),
        ("\x00\x01\x02", ""),
    ],
)
def test_what_does_not_build_is_told_as_the_build_tells_it(
    folder: Path, dockerfile: str | None, said: str
) -> None:
    """A missing file, one that doesn't parse, an empty one, a step that fails, no text at all."""
    told = "\n".join(outcomes(graded(folder, dockerfile)))
    assert said in told
    assert "/work/late_arguments-" not in told, "a path that is not the learner's"
    assert "buildlab: " not in told, "what the toolchain says"


def test_a_build_that_never_ends_is_ended(folder: Path) -> None:
    """At its limit, and the verdict says so."""
    told = outcomes(graded(folder, "FROM golang:1.27-trixie\nRUN sleep 1000\n", limit_s=8))
    assert "8 s" in "\n".join(told)


def test_a_build_that_fills_the_disk_is_ended(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Long before the disk is full; the space comes back, and the next check works."""
    monkeypatch.setattr(limits, "DISK_BYTES", 300_000_000)
    fill = "FROM golang:1.27-trixie\nRUN dd if=/dev/zero of=/big bs=1M count=2000 && sleep 100\n"
    told = outcomes(graded(folder, fill))
    assert "300 MB of disk" in "\n".join(told)
    (folder / "Dockerfile").write_text(DOCKERFILE, "utf-8")
    assert grading.check(LAB, folder, only=("version",)).passed


def test_much_output_is_survived(folder: Path) -> None:
    """100 MB of it: the engine cuts the log, and what was said in it can't be counted."""
    noise = "yes 0123456789012345678901234567890123456789 | head -c 100000000"
    answer = DOCKERFILE.replace("RUN go build", f"RUN {noise}; go build")
    report = graded(folder, answer, limit_s=110)
    assert report.verdicts[0].passed
    assert len("".join(v.seen for v in report.verdicts)) < 20_000


def test_an_answer_that_hides_what_it_compiles_is_not_graded(folder: Path) -> None:
    """It is told so, and why."""
    answer = DOCKERFILE.replace("RUN ", "RUN exec >/dev/null 2>&1; ")
    report = graded(folder, answer)
    verdict = next(v for v in report.verdicts if v.id == "commit-and-date")
    assert verdict.outcome == "not graded", verdict
    assert "golang:1.27-trixie" in verdict.seen


def test_output_of_an_answer_is_shown_harmless(folder: Path) -> None:
    """Control characters become visible, HTML is text."""
    report = graded(
        folder,
        "FROM golang:1.27-trixie\n"
        "RUN printf '\\033[31m<img src=x onerror=alert(1)>\\n' >&2; exit 3\n",
    )
    text, html = shown.report_text(report), shown.report_html(report)
    assert "\x1b" not in text + html
    assert "<img src=x" in text
    assert "<img src=x" not in html


def test_a_token_of_the_host_does_not_reach_an_answer(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Builds get no environment of ours, no socket and no privilege."""
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_" + "0a" * 18)
    report = graded(
        folder,
        "FROM golang:1.27-trixie\n"
        "RUN env; ls -la /var/run/docker.sock; "
        'mount -t tmpfs none /mnt && echo moun""ted; exit 9\n',
    )
    told = "\n".join(outcomes(report))
    assert "exit code: 9" in told
    assert "ghp_" not in told
    assert "mounted" not in told


def test_files_that_are_not_the_learners_are_graded_as_given(folder: Path) -> None:
    """A changed program is put back, and said."""
    (folder / "cmd" / "signpost" / "main.go").write_text("package main\nfunc main() {}\n")
    report = grading.check(LAB, folder, only=("says-version",))
    assert report.passed
    assert "cmd/signpost/main.go" in report.notes[0]


def test_a_copy_that_was_deleted_is_said(tmp_path: Path) -> None:
    """With the command that makes it again."""
    copy, _ = working.begin(LAB)
    copy.path.rename(tmp_path / "elsewhere")
    with pytest.raises(UsageError) as caught:
        copies.begun(LAB)
    assert "buildlab labs begin late_arguments" in caught.value.hint


def test_a_folder_that_is_no_copy_is_said(tmp_path: Path) -> None:
    """With how to name a lab."""
    with pytest.raises(UsageError) as caught:
        copies.here(tmp_path)
    assert "buildlab labs list" in caught.value.hint


def test_two_checks_of_one_lab_at_once_agree() -> None:
    """Both end with their verdicts, and both are counted."""
    working.begin(LAB)
    command = [sys.executable, "-m", "buildlab", "labs", "check", LAB.slug, "--json"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    both = [subprocess.Popen(command, env=dict(os.environ), **quiet) for _ in range(2)]  # type: ignore[call-overload]
    assert [process.wait(timeout=300) for process in both] == [1, 1]
    known = progress.read().of(LAB.name)
    assert known.checks == 2
    assert {d.id for d in known.last if d.outcome == "failed"} == set(LAB.fails)


def test_no_check_leaves_an_image_or_a_folder_behind(folder: Path) -> None:
    """The toolchain of a check is gone after it."""
    before = toolchains()
    grading.check(LAB, folder, only=("version",))
    assert toolchains() == before


def toolchains() -> set[str]:
    client = current().client()
    tags = {tag for image in client.api.images() for tag in image["RepoTags"] or ()}
    client.close()
    return {tag for tag in tags if "labs-go" in tag}
