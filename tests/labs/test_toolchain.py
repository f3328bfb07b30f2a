"""The labs' Go toolchain says what it does, whatever a Dockerfile does with its output."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest

from buildlab.builds import build
from buildlab.builds.workspace import Workspace, workspace
from buildlab.engine import current
from buildlab.labs import reading
from buildlab.labs.toolchain import Told, toolchain
from buildlab.record.model import BuildRecord

LAB = reading.find("late_arguments")
HEAD = "FROM golang:1.27-trixie\nWORKDIR /src\nCOPY . .\nRUN go mod download\n"
BUILD = "go build -o /tmp/out ./cmd/signpost"
WAYS = {
    "plainly": f"RUN {BUILD}",
    "without a network": f"RUN --network=none {BUILD}",
    "with its errors thrown away": f"RUN {BUILD} 2>/dev/null",
    "with its output thrown away": f"RUN {BUILD} >/dev/null",
    "with no shell": 'RUN ["go", "build", "-o", "/tmp/out", "./cmd/signpost"]',
    "as another user": f"RUN chown -R 1000 /src /go\nUSER 1000\nENV HOME=/tmp\nRUN {BUILD}",
    "in a heredoc": f"RUN <<EOT\nset -e\ncd /src\n{BUILD}\nEOT",
    "by its path": f"RUN /usr/local/go/bin/{BUILD}",
    "with go install": "RUN GOBIN=/tmp go install -trimpath -ldflags='-s -w' ./cmd/signpost",
    "in the background": f"RUN ({BUILD} &); while [ ! -e /tmp/out ]; do sleep 0.1; done",
}


@pytest.fixture(scope="module")
def flag() -> Iterator[str]:
    """What puts it in place of the Go image."""
    with toolchain(current(), lambda _: None) as found:
        yield found


@pytest.fixture
def tree() -> Iterator[Workspace]:
    with workspace(LAB.start) as copy:
        yield copy


def built(tree: Workspace, flag: str, dockerfile: str, *flags: str) -> BuildRecord:
    tree.write("Dockerfile", dockerfile)
    tree.write("go.mod", f"{tree.read('go.mod')}\n// {secrets.token_hex(4)}\n")
    return build(tree, flag, *flags, output="cache").require_ok()


@pytest.mark.parametrize("way", WAYS)
def test_it_says_what_it_compiles(way: str, flag: str, tree: Workspace) -> None:
    """The command, the program's own package, the dependency; and nothing of the library."""
    told = Told.by(built(tree, flag, f"{HEAD}{WAYS[way]}\n").work)
    own = {
        "main in /src/cmd/signpost",
        "example.com/signpost/internal/route",
        "github.com/rivo/uniseg",
    }
    # Another user's home has no compiled library.
    assert own <= set(told.packages) if "USER" in WAYS[way] else own == set(told.packages)
    assert len(told.linked) == 1


def test_it_says_what_it_fetches(flag: str, tree: Workspace) -> None:
    """Each module once, by the step that fetched it."""
    record = built(tree, flag, f"{HEAD}RUN {BUILD}\n")
    fetched = {s.instruction: Told.by([s]).fetched for s in record.work if s.output}
    assert fetched["RUN go mod download"] == ("github.com/rivo/uniseg@v0.1.0",)
    assert sum(map(len, fetched.values())) == 1


def test_it_says_which_commands_ran_and_how_the_link_was(flag: str, tree: Workspace) -> None:
    """`go vet` and `go test` are told from `go build`; stripped links from others."""
    lines = f"RUN go vet ./...\nRUN {BUILD}\nRUN go build -ldflags='-s -w' -o /a ./cmd/signpost\n"
    told = Told.by(built(tree, flag, f"{HEAD}{lines}RUN go test ./...\n").work)
    assert told.of("vet") == ("vet ./...",)
    assert told.of("test") == ("test ./...",)
    assert [sorted(link.split()) for link in told.linked][:2] == [[], ["-s", "-w"]]


def test_it_leaves_nothing_in_a_layer(flag: str, tree: Workspace) -> None:
    """What a compile leaves is what Go leaves: with the toolchain and without it."""
    lines = f"{HEAD}RUN {BUILD}\nRUN rm -rf /root/.cache /tmp/*; find / -xdev -newer /src | sort\n"
    with_it = built(tree, flag, lines)
    assert "buildlab" not in with_it.work[-1].output


def test_a_step_that_ran_in_no_build_tells_nothing(flag: str, tree: Workspace) -> None:
    """A cached step did nothing: its former log doesn't count."""
    assert Told.by(built(tree, flag, f"{HEAD}RUN {BUILD}\n").work).packages
    again = build(tree, flag, output="cache").require_ok()
    assert Told.by(again.work) == Told()


def test_each_toolchain_makes_every_step_cold(tree: Workspace) -> None:
    """Another check finds nothing of the last one in the cache."""
    tree.write("Dockerfile", f"{HEAD}RUN {BUILD}\n")
    for _ in range(2):
        with toolchain(current(), lambda _: None) as found:
            assert Told.by(build(tree, found, output="cache").work).packages
