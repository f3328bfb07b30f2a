"""JSON that others wrote: what is wrong with it is a ValueError, and so an error with a hint."""

from __future__ import annotations

import ast
import gzip
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from buildlab.basics import jsontext
from buildlab.bench import evidence
from buildlab.builds.aftermath import Underway
from buildlab.builds.context import guard
from buildlab.claims import catalogue, shipped
from buildlab.engine.docker import candidates, owned
from buildlab.engine.embedded import instance
from buildlab.engine.images.layers import Layer, LayerStore
from buildlab.engine.images.pulling import Pins, Reach
from buildlab.engine.packages import ensuring
from buildlab.errors import BuildlabError
from buildlab.host.madelist import Entry, MadeList
from buildlab.record import store
from buildlab.replay import files
from buildlab.setup import bundle

PACKAGE = Path(store.__file__).parent
BAD = {
    "nested": b"[" * 200_000,
    "nested objects": b'{"a":' * 200_000,
    "nested and closed": b"[" * 100_000 + b"]" * 100_000,
    "not a number": b'{"schema_version": 1, "wall_s": NaN}',
    "infinity": b'{"schema_version": 1, "wall_s": 1e999}',
    "a long number": b'{"schema_version": 1, "exit_code": ' + b"9" * 10_000 + b"}",
    "another type": b"[1]",
    "a string": b'"x"',
    "null": b"null",
    "not UTF-8": b'{"a": "\xff\xfe"}',
    "NUL": b"\0\0\0\0",
    "nothing": b"",
    "a lone surrogate": b'{"schema_version": "\\ud800"}',
    "twice": b'{"schema_version": 1, "schema_version": 1}',
}


def in_folder(name: str, read: Callable[[Path], object]) -> Callable[[Path], object]:
    """A reader of a folder whose file `name` is the bad one."""

    def call(file: Path) -> object:
        target = file.parent / name
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(file.read_bytes())
        return read(file.parent)

    return call


def packed(file: Path) -> object:
    """A recording is compressed."""
    file.write_bytes(gzip.compress(file.read_bytes()))
    return files.load(file)


READERS: dict[str, Callable[[Path], object]] = {
    "record": store.load,
    "recording": packed,
    "bundle": bundle.read,
    "docker's configuration": in_folder("config.json", candidates.read_config),
    "engine": in_folder("instance.json", instance.attach),
    "packages": in_folder("versions.json", ensuring.present),
    "what was made": owned.Made.read,
    "kept verdicts": in_folder(shipped.FILE, shipped.read),
    "layers": in_folder("go.json", lambda folder: LayerStore(folder).get("go", "key")),
    "pins": lambda file: Pins(file).get("alpine:3"),
    "registries": lambda file: Reach(file).known("alpine:3"),
    "a build under way": lambda file: Underway(file).read(),
    "what was seen of a folder": lambda file: guard._read(file)[1],
    "list of what was made": in_folder(".buildlab/0.json", lambda home: list(MadeList(home))),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("what", BAD)
def test_bad_files_are_named_or_passed_over(reader: str, what: str, tmp_path: Path) -> None:
    """A reader answers as if there were no file, or says what is wrong; nothing else is raised."""
    file = tmp_path / "bad.json"
    file.write_bytes(BAD[what])
    try:
        found = READERS[reader](file)
    except BuildlabError as fault:
        assert fault.hint
        assert fault.exit_code in (2, 5)
    else:
        assert not found or what in ("twice", "a lone surrogate")


_PROCESS = {"pid": 1, "started": 1, "boot": "x"}
WRONG_INSIDE: Mapping[str, object] = {
    "engine": {
        "name": "e",
        "packages": "/p",
        "address": "10.0.0.2",
        "supervisor": _PROCESS,
        "init": _PROCESS,
        "uplink": {**_PROCESS, "pid": "1"},
    },
    "packages": {"format": ensuring.FORMAT, "architecture": "x", "packages": {"docker.io": 7}},
    "what was made": {"address": 1, "builder": "b", "owner": "o", "image": "i"},
    "kept verdicts": {"a/1": dict.fromkeys(shipped.Shipped.__dataclass_fields__, 7)},
    "layers": {"key": "key", "layer": dict.fromkeys(Layer.__dataclass_fields__, "1")},
    "pins": {"alpine:3": 7},
    "registries": {"docker.io": 7},
    "a build under way": {"name": "b", "began_s": "now"},
    "what was seen of a folder": {"format": 2, "path": "/", "generation": "g", "seen": {"a": 7}},
    "list of what was made": {"id": "0", "path": 7, "made": True, "theirs": []},
}


@pytest.mark.parametrize("reader", WRONG_INSIDE)
def test_a_field_of_another_kind_is_met_where_it_is_read(reader: str, tmp_path: Path) -> None:
    """Not later, by who counts with it."""
    file = tmp_path / "bad.json"
    file.write_text(json.dumps(WRONG_INSIDE[reader]))
    assert not READERS[reader](file)


def test_a_later_kit_may_say_that_a_folder_is_not_ours(tmp_path: Path) -> None:
    """A line of the list with a field that this kit doesn't know is no leave to delete."""
    made = MadeList(tmp_path)
    made.write(Entry.new("work"))
    (line,) = made
    file = made.folder / f"{line.id}.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "spared": True}))
    assert not list(made)


@pytest.mark.parametrize("what", ["nested", "nested objects", "infinity", "not a number"])
def test_what_python_takes_or_breaks_at(what: str) -> None:
    """Python's own parser raises RecursionError, or takes what is no JSON."""
    with pytest.raises(ValueError, match=r"it is nested too deep|number"):
        jsontext.loads(BAD[what])


def test_all_json_of_others_is_read_here() -> None:
    """Only what the kit's own program prints in an experiment is read by the library itself.

    `sealed.py` runs before there is a Python environment, so that it can import nothing of ours.
    """
    own = {"experiments", "services", "jsontext.py", "sealed.py"}
    for path in PACKAGE.rglob("*.py"):
        if path.relative_to(PACKAGE).parts[0] in own:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in ("load", "loads"):
                assert ast.unparse(node.value) != "json", f"{path.name}:{node.lineno}"


def test_evidence_that_is_damaged_is_measured_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kept results are an offer: a bad file is as good as none."""
    file = tmp_path / "kept.json.gz"
    file.write_bytes(gzip.compress(BAD["nested"]))
    monkeypatch.setattr(evidence, "_path", lambda *_: file)
    assert evidence.find(catalogue.find("graph.stages")) is None
