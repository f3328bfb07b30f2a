"""What is said of a failed build: the error without ids, the step's last words."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from buildlab.errors import BuildFailed
from buildlab.record import failing
from buildlab.record.phrases import format_s
from buildlab.record.steps import LogLine
from buildlab.record.words import describe, record_text
from buildlab.show.html import record_html
from buildlab.show.widgets.frame import settled_html
from tests.unit.streams import NAMES, record, recorded

REF = "o2ktfekqhoy9x88f283cg8tcc::zi4rtka0v16fjsgljymdsrgoz"
DIGEST = "sha256:" + "0123456789abcdef" * 4
FAILED = [name for name in NAMES if recorded(name)["exit_code"]]


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ('process "/bin/sh -c go build" did not complete successfully: exit code: 1',
         "exit code: 1"),
        ('process "/bin/sh -c a &&\n b" did not complete successfully: exit code: 137: killed',
         "exit code: 137: killed"),
        (f'failed to compute cache key: failed to calculate checksum of ref {REF}: "/x": not found',
         '"/x": not found'),
        (f"failed to prepare {REF[:25]} as {REF[27:]}: file exists", "file exists"),
        (f"a:1: failed to resolve source metadata for docker.io/library/a:1@{DIGEST}: no such host",
         "the image a:1 can't be had: no such host"),
        (f"blob {DIGEST} not found", "blob sha256:0123456… not found"),
        (f"digest mismatch {DIGEST}: {DIGEST}", f"digest mismatch {DIGEST}: {DIGEST}"),
        ("cannot copy to non-directory: /var/lib/docker/tmp/buildkit-mount42/srv/a",
         "cannot copy to non-directory: /srv/a"),
        ("dockerfile parse error on line 2: unknown instruction: RUNN",
         "dockerfile parse error on line 2: unknown instruction: RUNN"),
    ],
)  # fmt: skip
def test_messages(raw: str, message: str) -> None:
    """What BuildKit adds for itself is left out: refs, snapshots, digests, the whole command."""
    assert failing.message(raw) == message


@pytest.mark.parametrize("name", FAILED)
def test_no_ids_in_what_people_read(name: str) -> None:
    """No ref of BuildKit's and no repeated command in text, HTML, live view or the error."""
    found = record(name)
    with pytest.raises(BuildFailed) as error:
        found.require_ok()
    shown = (describe(found), record_text(found), str(error.value), record_html(found),
             settled_html(found, whole=True))  # fmt: skip
    for text in shown:
        assert not re.search(r"\b[a-z0-9]{25}::[a-z0-9]{25}\b", text)
        assert "did not complete successfully" not in text


def test_the_steps_own_words_are_shown_everywhere() -> None:
    """What the compiler said stands in the text, the error, the HTML and the live view's end."""
    found = record("failed_compile")
    with pytest.raises(BuildFailed) as error:
        found.require_ok()
    for text in (
        record_text(found),
        str(error.value),
        record_html(found),
        settled_html(found, whole=True),
    ):
        assert "main.go:3:15: undefined: undefined" in text


def pieces(*texts: str) -> list[LogLine]:
    return [LogLine(float(i), 1, text) for i, text in enumerate(texts)]


def test_last_words_say_how_much_is_left_out() -> None:
    """The last lines are kept, those before counted, and of these the ones that name an error."""
    lines = ["--- FAIL: TestSum (0.00s)\n", *(f"ok {i}\n" for i in range(40)), "FAIL\n", "\n"]
    words = failing.last_words(pieces(*lines))
    assert words.lines[-1] == "FAIL"
    assert len(words.lines) == failing.SHOWN
    assert words.left_out == 42 - failing.SHOWN
    assert words.earlier == ("--- FAIL: TestSum (0.00s)",)


def test_last_words_are_what_a_terminal_shows() -> None:
    """Pieces end anywhere; colours and what a progress bar overwrote are not shown."""
    words = failing.last_words(pieces("10%\r50%\r\x1b[31mno", " space\x1b[0m\r\n", "end"))
    assert words.lines == ("no space", "end")
    assert failing.last_words([]).lines == ()


def test_every_line_of_the_error_is_shown_everywhere() -> None:
    """An error of several lines (git's words, say) is whole in text, error, HTML and live view."""
    found = record("failed_compile")
    assert found.failure is not None
    message = "failed to fetch remote: git stderr:\nfatal: no such host\n\ncheck the address"
    found = replace(found, failure=replace(found.failure, message=message))
    with pytest.raises(BuildFailed) as error:
        found.require_ok()
    for text in (
        record_text(found),
        str(error.value),
        record_html(found),
        settled_html(found, whole=True),
    ):
        for line in filter(None, message.split("\n")):
            assert line in text


def test_a_step_that_was_stopped_at_work_says_so_with_its_time() -> None:
    """What ran when the build was stopped isn't told as if it had never begun; what didn't is."""
    found = record("interrupted")
    stopped, never = found.step("", 2), found.step("", 3)
    assert stopped.stopped
    assert not never.stopped
    pages = (record_html(found), settled_html(found, whole=True))
    for row in (next(x for x in page.split("<tr") if "2/3" in x) for page in pages):
        assert "stopped" in row
        assert format_s(stopped.duration_s) in row
        assert "not reached" not in row
    for row in (next(x for x in page.split("<tr") if "3/3" in x) for page in pages):
        assert "not reached" in row
    assert "; stopped at work: RUN " in describe(found)
    assert "; 1 step not reached" in describe(found)
