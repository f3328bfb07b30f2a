"""The kit's variables: what they may say, and what is said where they can't mean anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildlab.errors import UsageError
from buildlab.host.settings import Settings

FOLDERS = ("BUILDLAB_HOME", "BUILDLAB_PACKAGES", "BUILDLAB_EVIDENCE", "BUILDLAB_RECORD")


@pytest.mark.parametrize("name", FOLDERS)
@pytest.mark.parametrize(
    "value", ["file", "file/below", "~nobody-here/x", "pipe/x", "broken", "\udcff"], ids=repr
)
def test_a_variable_that_can_be_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """A file, a user that is not there, bytes that are no text: named, with what to type."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    (tmp_path / "pipe").touch()
    (tmp_path / "broken").symlink_to("nowhere")
    with pytest.raises(UsageError, match=name) as caught:
        Settings.from_env({name: value})
    assert caught.value.hint.startswith(f"export {name}=")


@pytest.mark.parametrize("name", FOLDERS[:3])
@pytest.mark.parametrize("value", ["new/below", " new ", "~/x", ".", ""])
def test_a_folder_may_be_relative_and_need_not_be_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """What names a folder is taken as one, absolute from here on; nothing is made."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    found = Settings.from_env({name: value})
    for path in (found.home, found.packages_dir, found.evidence_dir):
        assert path is None or path.is_absolute()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BUILDLAB_ENGINE", "kubernetes"),
        *(("BUILDLAB_REPLAY_PACE", v) for v in ("nan", "-1", "inf", "1e400", "5m", "\udcff")),
    ],
)
def test_a_word_that_means_nothing(name: str, value: str) -> None:
    """It is named, with what may stand there."""
    with pytest.raises(UsageError, match=name) as caught:
        Settings.from_env({name: value})
    assert "unset" in caught.value.hint
