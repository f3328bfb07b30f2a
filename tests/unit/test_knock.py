"""What counts as an answer of a registry that is asked before a build."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import buildlab.engine

PROGRAM = Path(buildlab.engine.__file__).with_name("knock.py")
HEADERS = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"


def last_stage(said: bytes) -> str:
    """Where the program ends at a server that says this and then holds the connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        kept: list[socket.socket] = []

        def serve() -> None:
            kept.append(server.accept()[0])
            kept[0].recv(4096)
            kept[0].sendall(said)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        words = ("127.0.0.1", str(server.getsockname()[1]), "plain", "0.5")
        done = subprocess.run(
            [sys.executable, "-I", "-S", str(PROGRAM), *words],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        thread.join(5)
        for connection in kept:
            connection.close()
    return done.stdout.split()[-1]


@pytest.mark.parametrize("said", [b"HTTP/1.1 200 OK\r\n", HEADERS, HEADERS + b"{"])
def test_an_answer_that_does_not_end_is_none(said: bytes) -> None:
    """A registry that begins an answer and then says nothing doesn't count as answering."""
    assert last_stage(said) == "reading"


@pytest.mark.parametrize(
    "said",
    [HEADERS + b"{}", b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", b"SSH-2.0-x\r\n"],
)
def test_a_whole_answer_is_one_whatever_it_says(said: bytes) -> None:
    """An error and another protocol are answers, on a connection that stays open too."""
    assert last_stage(said) == "answers"
