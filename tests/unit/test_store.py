"""Saved records: equal when loaded, and a clear error for what can't be."""

from __future__ import annotations

import json
import typing
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from buildlab.errors import RecordError
from buildlab.record import model as words
from buildlab.record.model import SCHEMA_VERSION, BuildRecord
from buildlab.record.store import from_dict, load, save, to_dict
from tests.unit.streams import NAMES, record

st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))


def whole(kind: Any) -> st.SearchStrategy[Any]:
    """Objects of a dataclass with all fields drawn, also those that have a default."""
    hints = typing.get_type_hints(kind)
    drawn = {f.name: st.from_type(hints[f.name]) for f in fields(kind)}
    if "schema_version" in drawn:
        drawn["schema_version"] = st.just(SCHEMA_VERSION)
    return st.builds(kind, **drawn)


for kind in (words.Step, words.Internal, words.Failure, words.EngineInfo, words.BuildWarning):
    st.register_type_strategy(kind, whole(kind))


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(whole(BuildRecord))
def test_any_record_survives_json(made: BuildRecord) -> None:
    """Every record, with odd text in it and all fields set, loads back equal."""
    assert from_dict(json.loads(json.dumps(to_dict(made)))) == made


@pytest.mark.parametrize("name", NAMES)
def test_recorded_builds_survive_a_file(name: str, tmp_path: Path) -> None:
    """A saved build loads back equal, and no other file is left beside it."""
    path = save(record(name), tmp_path / "new" / "record.json")
    assert load(path) == record(name)
    assert [p.name for p in path.parent.iterdir()] == ["record.json"]


def test_odd_file_names_can_be_saved(tmp_path: Path) -> None:
    """A context folder whose name is no UTF-8 does not cost the record."""
    data = to_dict(record("service_edit")) | {"context": "caf\udce9"}
    assert load(save(from_dict(data), tmp_path / "r.json")).context == "caf\udce9"


def test_a_truncated_file_says_so(tmp_path: Path) -> None:
    """Wherever a file is cut, the error says that it was, and what to do."""
    path = save(record("service_edit"), tmp_path / "r.json")
    text = path.read_text()
    for length in (0, 1, len(text) // 3, len(text) // 2, len(text) - 3):
        path.write_text(text[:length])
        with pytest.raises(RecordError, match="cut off") as caught:
            load(path)
        assert str(path) in caught.value.message
        assert caught.value.hint


def test_a_newer_schema_says_so(tmp_path: Path) -> None:
    """A record of a newer schema is refused with both versions named."""
    path = tmp_path / "r.json"
    path.write_text(json.dumps({"schema_version": SCHEMA_VERSION + 1}))
    with pytest.raises(RecordError, match=f"schema {SCHEMA_VERSION + 1}.*up to {SCHEMA_VERSION}"):
        load(path)


def test_a_newer_field_is_passed_over() -> None:
    """A field that this version does not know costs nothing."""
    data = to_dict(record("service_edit"))
    data["colour"] = data["steps"][0]["mood"] = 7
    assert from_dict(data) == record("service_edit")


def test_a_missing_optional_field_has_its_default() -> None:
    """A record of before a field was added gets the field's default."""
    data = to_dict(record("service_edit"))
    del data["recorded"]
    assert from_dict(data) == record("service_edit")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"wall_s": "long"}, "damaged: wall_s: "),
        ({"wall_s": True}, "damaged: wall_s: "),
        ({"exit_code": 1.5}, "damaged: exit_code: "),
        ({"steps": [{"key": 1}]}, r"damaged: steps\[0\].key: "),
        ({"steps": 3}, "damaged: steps: "),
        ({"steps": [{"key": {"stage": "", "index": 1}, "total": 1, "instruction": "RUN x",
                     "state": "lost"}]}, r"steps\[0\].state: .*lost"),
        ({"steps": [{"key": {"stage": "", "index": 1}}]}, r"steps\[0\].total: is missing"),
        ({"internals": [{"name": "a", "kind": "b", "intervals": [[1.0]]}]},
         r"intervals\[0\]: expected array of length 2, got 1"),
        ({"engine": None}, "damaged: engine: "),
    ],
)  # fmt: skip
def test_a_damaged_record_says_where(change: dict[str, Any], said: str) -> None:
    """A field of another type is an error that names the field."""
    with pytest.raises(RecordError, match=said):
        from_dict(to_dict(record("service_edit")) | change)


@pytest.mark.parametrize("text", ["[]", "7", "{}", '{"schema_version": "1"}', '{"a": 1}', "\x00"])
def test_no_record_at_all_says_so(text: str, tmp_path: Path) -> None:
    """Other JSON, or no JSON, is an error of ours and no traceback."""
    path = tmp_path / "r.json"
    path.write_text(text)
    with pytest.raises(RecordError):
        load(path)


def test_no_file_says_so(tmp_path: Path) -> None:
    """A path without a file, a folder, and bytes that are no text are errors of ours."""
    with pytest.raises(RecordError, match="no record"):
        load(tmp_path / "none.json")
    with pytest.raises(RecordError):
        load(tmp_path)
    (tmp_path / "b").write_bytes(b"\xff\xfe")
    with pytest.raises(RecordError):
        load(tmp_path / "b")


def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the disk is full, the record of before is still there, whole, and nothing else."""
    path = save(record("service_edit"), tmp_path / "r.json")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        save(record("service_cold"), path)
    assert load(path) == record("service_edit")
    assert [p.name for p in tmp_path.iterdir()] == ["r.json"]
