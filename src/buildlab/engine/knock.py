"""Does a server answer at all: run as a program inside an engine's network, with no package.

knock.py HOST PORT tls|plain SECONDS: prints each stage as it begins, "answers" at last.
"""

from __future__ import annotations

import re
import socket
import ssl
import sys
import time

_ENOUGH_BYTES = 1 << 16


def main(host: str, port: str, kind: str, limit: str) -> None:
    deadline = time.monotonic() + float(limit)
    _say("resolving")
    family, sort, protocol, _, address = socket.getaddrinfo(
        host, int(port), type=socket.SOCK_STREAM
    )[0]
    with socket.socket(family, sort, protocol) as plain:
        _say("connecting")
        plain.settimeout(max(0.1, deadline - time.monotonic()))
        plain.connect(address)
        stream = plain
        if kind == "tls":
            _say("greeting")
            # Whose certificate it is matters to who imports a cache, not here.
            context = ssl._create_unverified_context()
            stream = context.wrap_socket(plain, server_hostname=host)
        _say("asking")
        stream.sendall(f"GET /v2/ HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        said = _Answer(stream, deadline)
        while b"\r\n" not in said.text:
            if not said.more():
                break
        _say("reading")
        said.to_its_end()
    _say("answers")


class _Answer:
    """What a server has said so far. A step of it takes no longer than the deadline."""

    def __init__(self, stream: socket.socket, deadline: float) -> None:
        self._stream, self._deadline = stream, deadline
        self.text = b""

    def more(self) -> bool:
        """Wait for a piece; False at its end. Raises TimeoutError."""
        left_s = self._deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        self._stream.settimeout(left_s)
        piece = self._stream.recv(4096)
        self.text += piece
        return bool(piece)

    def to_its_end(self) -> None:
        """Wait for its headers and, where they tell a length, its body. Raises TimeoutError."""
        if not self.text.startswith(b"HTTP/"):
            return  # another protocol: BuildKit tells it
        while b"\r\n\r\n" not in self.text:
            if not self.more():
                return
        headers, _, _ = self.text.partition(b"\r\n\r\n")
        told = re.search(rb"(?im)^content-length:[ \t]*(\d{1,9})", headers)
        size = min(int(told[1]), _ENOUGH_BYTES) if told else 0
        while len(self.text) < len(headers) + 4 + size and self.more():
            pass


def _say(stage: str) -> None:
    sys.stdout.write(stage + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except TimeoutError:
        sys.exit(1)
    except OSError:  # refused, reset, another protocol: an answer too, BuildKit tells it
        _say("answers")
