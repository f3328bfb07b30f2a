"""The quick ones of the commands that documents and help promise, run on a tiny repository."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from buildlab.cli import main
from buildlab.cli._words import for_build
from buildlab.engine.model import Engine
from tests.docs.promised import Promise, promises

QUICK = {("build",), ("show",), ("compare",), ("env",), ("engine", "status"), ("claims", "list")}
ORDER = ("build", "show", "compare")
"""What is shown or compared was built before."""


def quick() -> list[Promise]:
    """Each command line once, builds first; those that name what only a reader has are left out."""
    lines = {p.words: p for p in promises() if p.words[:1] in QUICK or p.words[:2] in QUICK}
    # `compare` alone is the name of the command, in a sentence.
    found = [p for words, p in lines.items() if "CLAIM" not in words and words != ("compare",)]
    return sorted(found, key=lambda p: ORDER.index(p.words[0]) if p.words[0] in ORDER else 9)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory, lab_engine: Engine) -> Iterator[Path]:
    """A folder with a tiny repository in it, where promised files lie after their builds."""
    folder = tmp_path_factory.mktemp("promised")
    (folder / "my-service").mkdir()
    for name in ("Dockerfile", "Dockerfile.prod"):
        for place in (folder, folder / "my-service"):
            (place / name).write_text("FROM scratch AS app\nCOPY Dockerfile /\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name in ("a.json", "b.json", "before.json", "after.json"):
            with pytest.raises(SystemExit) as ended:
                main(["build", "my-service", "-o", "type=cacheonly", "--save", name])
            assert ended.value.code == 0
        yield folder


def here(words: tuple[str, ...]) -> list[str]:
    """The words with the tiny repository for a reader's own."""
    if words[0] != "build":
        return list(words)
    line = for_build(words[1:])
    return ["build", *line.words, *(w if w == "." else "my-service" for w in line.rest or ("x",))]


@pytest.mark.parametrize("promise", quick(), ids=str)
def test_a_promised_command_works(
    promise: Promise, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It ends with exit code 0, and a file that it was to write is there."""
    words = here(promise.words)
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code in (0, None), f"{words}\n{capsys.readouterr().err}"
    if words[0] == "build":
        for flag in for_build(words[1:]).flags:
            assert flag.name != "--save" or (repository / str(flag.value)).is_file()
