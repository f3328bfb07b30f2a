"""Reading the machine's apt sources."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildlab.engine.packages import sources
from buildlab.engine.packages.sources import Distribution, Source
from buildlab.errors import EngineError

BOOKWORM = Distribution("debian", "bookworm")
DEB822 = """\
Types: deb deb-src
# a comment inside
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Enabled: no
Types: deb
URIs: http://off.example
Suites: bookworm
Components: main

Types: deb
URIs: http://sec.example/debian-security
Suites: bookworm-security
Components: main
Trusted: yes
"""


def test_deb822() -> None:
    """Own suite, updates and security come from the sources that hold them, disabled ones don't."""
    own = sources.own_suite(sources.parse_deb822(DEB822), BOOKWORM)
    assert [s.uris for s in own] == [
        "http://mirror.example/debian",
        "http://sec.example/debian-security",
    ]
    assert own[0].components == ("main",)
    assert "Trusted" not in own[1].stanza()


def test_one_line() -> None:
    """The one-line format gives the same; third parties' components are left out."""
    found = sources.parse_one_line(
        "# deb http://no.example bookworm main\n"
        "deb-src http://no.example bookworm main\n"
        "deb [arch=amd64 signed-by=/k.gpg] http://m.example/debian bookworm main contrib # c\n"
        "deb https://third.example/linux/debian bookworm stable\n"
    )
    own = sources.own_suite(found, BOOKWORM)
    assert own == [Source("http://m.example/debian", ("bookworm",), ("main",), "/k.gpg")]


def test_embedded_key_stays_whole() -> None:
    """A key written into the source is passed on line by line."""
    text = (
        "Types: deb\nURIs: http://m.example\nSuites: bookworm\nComponents: main\nSigned-By:\n"
        " -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQ==\n -----END PGP PUBLIC KEY BLOCK-----\n"
    )
    (source,) = sources.parse_deb822(text)
    assert sources.parse_deb822(source.stanza()) == [source]
    assert "\n .\n mQ==\n" in source.stanza()


def test_other_suite_uses_the_archive_with_the_keyring() -> None:
    """Another suite is asked of the mirror of the host's own suite, never of its security one."""
    own = sources.own_suite(sources.parse_deb822(DEB822), BOOKWORM)
    newer = sources.other_suite(own, "forky")
    assert newer.uris == "http://mirror.example/debian"
    assert newer.suites == ("forky",)
    assert newer.signed_by.endswith("debian-archive-keyring.gpg")


def test_alias_suites() -> None:
    """A machine whose sources say "stable" or "sid" has its own suite, too."""
    own = sources.own_suite([Source("http://m.example", ("stable",), ("main",))], BOOKWORM)
    assert own[0].suites == ("stable",)


def test_no_own_suite() -> None:
    """Without a source for the machine's own suite the fault names the suite."""
    third = [Source("http://m.example", ("nodistro",), ("main",))]
    with pytest.raises(EngineError, match="bookworm main"):
        sources.own_suite(third, BOOKWORM)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ID=debian\nVERSION_CODENAME=trixie\n", Distribution("debian", "trixie")),
        ("ID=ubuntu\nID_LIKE=debian\nVERSION_CODENAME=noble\n", Distribution("ubuntu", "noble")),
        (
            'ID=linuxmint\nID_LIKE="ubuntu debian"\nVERSION_CODENAME=x\nUBUNTU_CODENAME=noble\n',
            Distribution("ubuntu", "noble"),
        ),
        ("ID=fedora\n", None),
    ],
)
def test_distribution(text: str, expected: Distribution | None) -> None:
    """The distribution is known by os-release; others than Debian's kin are none."""
    assert sources.distribution(text) == expected


def test_files_of_both_formats(tmp_path: Path) -> None:
    """All files are read; what apt itself ignores is ignored."""
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list").write_text("deb http://a.example s main\n")
    (tmp_path / "sources.list.d/b.sources").write_text(DEB822)
    (tmp_path / "sources.list.d/c.list.bak").write_text("deb http://no.example s main\n")
    assert next(s.uris for s in sources.read_all(tmp_path)) == "http://a.example"
    assert len(sources.read_all(tmp_path)) == 3
