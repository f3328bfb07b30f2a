"""Base images are assembled ahead of the engine only where they could not be pulled."""

from __future__ import annotations

import socket
import threading

import pytest

from buildlab.engine import ahead

REFUSAL = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> socket.socket:
    """What stands for Docker Hub: it takes connections, and says nothing by itself."""
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    server = socket.create_server(("127.0.0.1", 0))
    monkeypatch.setattr(ahead, "_HUB", f"http://127.0.0.1:{server.getsockname()[1]}/v2/")
    return server


def test_a_registry_that_refuses_answers(hub: socket.socket) -> None:
    """Without a token it says 401: images can be pulled."""

    def refuse() -> None:
        connection, _ = hub.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(REFUSAL)

    with hub:
        threading.Thread(target=refuse, daemon=True).start()
        assert ahead._answers()


def test_a_registry_that_is_silent_does_not_answer(
    hub: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many addresses it has: they are not waited for one after the other."""
    monkeypatch.setattr(ahead, "_LIMIT_S", 0.1)
    monkeypatch.setattr(ahead, "_asked", threading.Event().wait)
    with hub:
        assert not ahead._answers()


def test_a_registry_that_is_not_there_does_not_answer(hub: socket.socket) -> None:
    """Nothing listens."""
    hub.close()
    assert not ahead._answers()
