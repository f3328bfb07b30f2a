"""HTTP over a unix socket, for the few questions asked before an engine counts as ready."""

from __future__ import annotations

import http.client
import json
import socket
from pathlib import Path
from typing import Any

from buildlab.basics import jsontext


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def status(path: Path, resource: str, timeout_s: float) -> int:
    """The status that a GET is answered with. Raises as `get` does."""
    connection = _Connection(path, timeout_s)
    try:
        connection.request("GET", resource)
        return connection.getresponse().status
    finally:
        connection.close()


def get(path: Path, resource: str, timeout_s: float = 5) -> bytes:
    """The body of a GET. Raises OSError or HTTPException where nothing sensible answers."""
    connection = _Connection(path, timeout_s)
    try:
        connection.request("GET", resource)
        response = connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise ConnectionError(f"{resource} answered {response.status}")
        return body
    finally:
        connection.close()


def ping(path: Path, timeout_s: float = 2) -> bool:
    """Whether a docker API answers on this socket."""
    try:
        return get(path, "/_ping", timeout_s) == b"OK"
    except (OSError, http.client.HTTPException):
        return False


def get_json(path: Path, resource: str, timeout_s: float = 10) -> dict[str, Any]:
    """The JSON object that a GET returns. Raises as `get` does, ValueError for no JSON."""
    answer = jsontext.loads(get(path, resource, timeout_s))
    if not isinstance(answer, dict):
        raise ValueError(f"{resource} answered no object")
    return answer


def ask_once(path: Path, question: dict[str, Any], timeout_s: float = 5) -> dict[str, Any]:
    """One JSON object there, one back, then the connection closes (slirp4netns' protocol)."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout_s)
        connection.connect(str(path))
        connection.sendall(json.dumps(question).encode())
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    parsed = jsontext.loads(answer)
    if not isinstance(parsed, dict):
        raise ValueError(f"{question.get('execute')} answered no object")
    return parsed
