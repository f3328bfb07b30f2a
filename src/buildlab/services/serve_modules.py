"""The module proxy's own process: `python -m buildlab.services.serve_modules SETTINGS`.

GOPROXY protocol (https://go.dev/ref/mod#goproxy-protocol) by tornado, over TLS, behind basic
authentication. Its log has one line per request: status, path, user. No password is written.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import ssl
import sys
from pathlib import Path
from typing import Any

from tornado import web
from tornado.httpserver import HTTPServer


class Files(web.RequestHandler):
    """Answers what the settings hold for a path, to who knows the password."""

    def initialize(self, settings: dict[str, Any]) -> None:
        self._known: dict[str, str] = settings["files"]
        self._credentials = f"{settings['user']}:{settings['password']}".encode()
        self._journal = Path(settings["log"])

    def get(self) -> None:
        kind, _, coded = self.request.headers.get("Authorization", "").partition(" ")
        given = _decoded(coded) if kind.lower() == "basic" else b""
        user = given.partition(b":")[0].decode("utf-8", "replace")
        if not hmac.compare_digest(given, self._credentials):
            self.set_header("WWW-Authenticate", 'Basic realm="modules"')
            self._answer(401, user, b"a user name and a password are needed\n")
        elif self.request.path in self._known:
            self._answer(200, user, base64.b64decode(self._known[self.request.path]))
        else:
            self._answer(404, user, b"not found: no such module here\n")

    def _answer(self, status: int, user: str, body: bytes) -> None:
        with self._journal.open("a") as log:
            log.write(f"{status} {self.request.path} {user or '-'}\n")
        self.set_status(status)
        self.set_header("Content-Type", "application/octet-stream")
        self.write(body)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return b""


async def _serve(settings: dict[str, Any], folder: Path) -> None:
    chain, key = folder / "server.pem", folder / "server.key"
    chain.write_text(settings["certificate"])
    key.touch(mode=0o600)
    key.write_text(settings["key"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    key.unlink()
    application = web.Application([(r"/.*", Files, {"settings": settings})])
    HTTPServer(application, ssl_options=context).listen(settings["port"], settings["host"])
    Path(settings["ready"]).touch()
    await asyncio.Event().wait()


def main() -> None:
    path = Path(sys.argv[1])
    asyncio.run(_serve(json.loads(path.read_text()), path.parent))


if __name__ == "__main__":
    main()
