"""Files of a context that the client may not read: BuildKit sends them empty, without a word."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest

from tests.engine.contexts import BASE, Context, context

__all__ = ["context"]


def without_root_rights() -> list[str]:
    """A prefix for commands: root without what lets it read everything."""
    if os.geteuid():
        return []
    if not shutil.which("setpriv"):
        pytest.skip("needs setpriv, or not to be root")
    return ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"]


@pytest.mark.usefixtures("lab_engine")
def test_an_unreadable_file_is_a_warning(context: Context) -> None:
    """The record names the file that arrived empty, and only that one."""
    context.dockerfile(f"FROM {BASE}\nCOPY . /x\nRUN wc -c < /x/closed\n")
    for name in ("open", "closed"):
        context.write(name, context.salt)
    (context.path / "closed").chmod(0o200)
    argv = [*without_root_rights(), sys.executable, "-m", "buildlab", "build", "--json"]
    done = subprocess.run(
        [*argv, "--output=type=cacheonly", "."],
        cwd=context.path, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    assert [line["text"].strip() for s in record["steps"] for line in s["logs"]] == ["0"]
    (warning,) = [w for w in record["warnings"] if w["rule"] == "unreadable"]
    assert ": closed;" in warning["message"]
