"""A docker API that answers three questions: enough to be chosen, or to be told why not."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

DOCKER: Mapping[str, Any] = {
    "version": {"Version": "28.5.2", "ApiVersion": "1.51", "Components": [{"Name": "Engine"}]},
    "info": {"OSType": "linux", "NCPU": 4},
}
PODMAN: Mapping[str, Any] = {
    "version": {
        "Version": "5.4.2",
        "ApiVersion": "1.41",
        "Components": [{"Name": "Podman Engine"}],
    },
    "info": {"OSType": "linux"},
}
WINDOWS: Mapping[str, Any] = {**DOCKER, "info": {"OSType": "windows"}}


def handler(answers: Mapping[str, Any] = DOCKER) -> type[BaseHTTPRequestHandler]:
    """Answers as a docker API does."""

    class Handler(BaseHTTPRequestHandler):
        # In one piece: an answer by HTTP/1.0 has the SDK end ssh as soon as the headers are there.
        wbufsize = -1

        def do_GET(self) -> None:
            name = self.path.rpartition("/")[2]
            body = b"OK" if name == "_ping" else json.dumps(answers[name]).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815 (the server looks for this name)

        def log_message(self, format: str, *args: object) -> None:
            pass

        def address_string(self) -> str:
            return "unix"

    return Handler


@contextmanager
def listening(socket: Path, answers: Mapping[str, Any] = DOCKER) -> Iterator[str]:
    """Serve `answers` on a unix socket; yields its address."""
    socket.parent.mkdir(parents=True, exist_ok=True)
    server = socketserver.ThreadingUnixStreamServer(str(socket), handler(answers))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"unix://{socket}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        socket.unlink()


def install_client(home: Path, folder: Path, buildx: str = "v0.29.1") -> None:
    """A docker command in `folder`, and a buildx plugin below `home` that knows its version."""
    plugin = home / ".docker/cli-plugins/docker-buildx"
    for path, text in (
        (folder / "docker", "#!/bin/sh\nexit 0\n"),
        (plugin, f'#!/bin/sh\necho "github.com/docker/buildx {buildx} 0123abc"\n'),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
