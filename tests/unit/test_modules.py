"""Which Go modules the store must hold, and where they lie in it."""

from __future__ import annotations

from pathlib import Path

from buildlab.setup import modules
from buildlab.setup.modules import NOTHING, Wanted

SUM = """github.com/BurntSushi/toml v1.5.0 h1:abc=
github.com/BurntSushi/toml v1.5.0/go.mod h1:def=
golang.org/x/text v0.42.0/go.mod h1:ghi=
example.com/own v1.0.0 h1:jkl=
example.test/dep v1.0.0 h1:mno=
"""


def test_a_sum_file_names_whole_modules_and_bare_go_mods() -> None:
    """Modules under names that nobody can own are made by lessons, and not fetched."""
    assert modules.parse(SUM) == Wanted(
        ("github.com/BurntSushi/toml@v1.5.0",),
        ("github.com/BurntSushi/toml@v1.5.0", "golang.org/x/text@v0.42.0"),
    )


def test_only_what_is_not_there_is_fetched(tmp_path: Path) -> None:
    """A file in the place where Go's cache has it counts, with "!" before a small letter."""
    wanted = modules.parse(SUM)
    place = tmp_path / "github.com/!burnt!sushi/toml/@v"
    place.mkdir(parents=True)
    (place / "v1.5.0.zip").write_bytes(b"")
    assert wanted.missing(tmp_path).zips == ()
    (place / "v1.5.0.mod").write_bytes(b"")
    assert wanted.missing(tmp_path) == Wanted((), ("golang.org/x/text@v0.42.0",))
    assert Wanted((), ()).missing(tmp_path) == NOTHING


def test_the_course_names_its_modules() -> None:
    """The service's go.sum is among what is wanted, with the version that an edit moves to."""
    wanted = modules.wanted()
    assert {"github.com/go-chi/chi/v5@v5.4.0", "github.com/go-chi/chi/v5@v5.5.0"} <= {*wanted.zips}
