"""JSON that others wrote: what is wrong with it is a ValueError, and so an error with a hint."""

from __future__ import annotations

import ast
import gzip
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from buildlab import loading
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

PACKAGE = Path(loading.__file__).parent
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


BY_HAND = {
    "artifact": "images, and what linters and scanners print",
    "basics/jsontext.py": "the reader itself",
    "builds/client/metadata.py": "BuildKit's provenance",
    "builds/client/plain.py": "BuildKit's provenance",
    "builds/context/missing.py": "a Dockerfile's words",
    "builds/trouble/notes.py": "what buildx noted, to mask it",
    "engine/asking.py": "buildx's history",
    "engine/docker/candidates.py": "docker's configuration",
    "engine/docker/remote.py": "buildx's builders",
    "engine/images/layout.py": "an OCI layout",
    "engine/images/pulling.py": "what a registry answers",
    "experiments": "what programs of an experiment print",
    "host/contents.py": "only names of fields are asked for, in files of any former kit",
    "host/ours.py": "one field is added to a file of any kind",
    "host/unixhttp.py": "what daemons answer",
    "labs/rules/machines.py": "what docker makes of a bake file",
    "loading.py": "the reader of what is ours",
    "record/stream": "BuildKit's events",
    "replay/hidden.py": "BuildKit's events",
    "services": "a server's own settings, written for it a moment before",
    "setup/sealed.py": "runs before there is any package",
}
"""Where data is looked at field by field, and whose it is."""
ALONE = ("basics/jsontext.py", "experiments/", "services/", "setup/sealed.py")
"""Where Python's own JSON reader is good enough, or all that there is."""


def _readers(path: Path) -> set[str]:
    """The libraries by which a module reads data without a kind."""
    return {
        ast.unparse(node.value)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in ("load", "loads")
    } & {"json", "jsontext", "tomllib"}


def test_what_is_ours_is_loaded_by_its_kind() -> None:
    """A file of our own is read by `loading`; only what others wrote is looked at by hand."""
    used = {p.relative_to(PACKAGE).as_posix(): _readers(p) for p in PACKAGE.rglob("*.py")}
    found = {name for name, readers in used.items() if readers}
    listed = {name: {f for f in found if f"{f}/".startswith(f"{name}/")} for name in BY_HAND}
    assert found == set().union(*listed.values())
    assert [name for name, files in listed.items() if not files] == []
    assert [n for n in found if "json" in used[n] and not n.startswith(ALONE)] == []


def test_evidence_that_is_damaged_is_measured_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kept results are an offer: a bad file is as good as none."""
    file = tmp_path / "kept.json.gz"
    file.write_bytes(gzip.compress(BAD["nested"]))
    monkeypatch.setattr(evidence, "_path", lambda *_: file)
    assert evidence.find(catalogue.find("graph.stages")) is None
