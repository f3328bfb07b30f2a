"""Proof, by asking, that JupyterLab lets nobody in without its token."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from urllib.parse import urlsplit

import psutil
import requests

from buildlab.errors import UsageError
from buildlab.setup.jupyter.address import is_loopback

LIMIT_S = 20.0
_WEBSOCKET = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "YnVpbGRsYWIgYXNrcyB0aCE=",
}
_NO_KERNEL = "00000000-0000-0000-0000-000000000000"
_QUESTIONS: tuple[tuple[str, str, bool], ...] = (
    ("GET", "lab", False),
    ("GET", "api/status", False),
    ("GET", "api/contents", False),
    ("GET", "files/notebooks/00_start_here.ipynb", False),
    ("GET", "nbconvert/html/notebooks/00_start_here.ipynb", False),
    ("GET", "lab/api/settings", False),
    ("GET", "metrics", False),
    ("GET", "api/sessions", False),
    ("GET", "api/kernels", False),
    ("POST", "api/kernels", False),
    ("GET", f"api/kernels/{_NO_KERNEL}/channels", True),
    ("GET", "api/events/subscribe", True),
    ("GET", "api/terminals", False),
    ("POST", "api/terminals", False),
    ("GET", "terminals/websocket/1", True),
    ("POST", "login", False),
)
"""Method, path, whether it opens a websocket."""

_KEYS: tuple[tuple[str, dict[str, str], dict[str, str]], ...] = (
    ("without a token", {}, {}),
    ("with an empty token", {"token": ""}, {"Authorization": "token "}),
    ("with a wrong token", {"token": "wrong"}, {}),
    ("with a wrong token", {}, {"Authorization": "token wrong"}),
)
"""What is said of it, query, headers."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks the server at `url` (which ends with a slash) as a stranger would who knows Jupyter:
    from a page of its own, with its cookies."""

    url: str
    token: str

    def require_closed(self, *, loopback: bool) -> None:
        """Raises UsageError, naming what was open."""
        for said, query, headers in _KEYS:
            for method, path, upgrade in _QUESTIONS:
                more = _WEBSOCKET if upgrade else {}
                status, to = self._ask(method, path, query, {**headers, **more})
                if not _refused(status, to):
                    raise _open(f"{method} /{path} {said} was answered with {status}")
        mine = {"Authorization": f"token {self.token}"}
        if loopback:
            status, _ = self._ask("GET", "api/status", {}, {**mine, "Host": "rebound.invalid"})
            if status != 403:
                raise _open(f"a request to another host's name was answered with {status}")
        status, _ = self._ask("GET", "api/status", {}, mine)
        if status != 200:
            raise UsageError(
                f"JupyterLab does not take its own token: GET /api/status answered {status}",
                "./lab start without JUPYTER_TOKEN",
            )

    def _ask(
        self, method: str, path: str, query: dict[str, str], headers: dict[str, str]
    ) -> tuple[int, str]:
        """Status, and where it redirects to. A session each: what one is given, the next lacks."""
        page = {"Origin": self.url.rstrip("/"), "Referer": f"{self.url}lab"}
        with requests.Session() as session:
            session.trust_env = False  # never through a proxy: the server is on this machine
            session.verify = False  # and so is whoever made its certificate
            session.get(f"{self.url}login", timeout=LIMIT_S, allow_redirects=False)
            proof = session.cookies.get("_xsrf") or ""
            with session.request(
                method,
                f"{self.url}{path}",
                params=query,
                headers={**page, "X-XSRFToken": proof, **headers},
                data={"password": "", "_xsrf": proof} if path == "login" else None,
                timeout=LIMIT_S,
                allow_redirects=False,
                stream=True,
            ) as answer:
                return answer.status_code, answer.headers.get("Location", "")


def require_closed(url: str, token: str, *, pid: int, loopback: bool) -> None:
    """Ask the server with process `pid` at `url`. Raises UsageError, naming what was open."""
    if loopback and (others := _listened_on(pid)):
        raise _open(f"it listens on {', '.join(others)}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # urllib3's, about the certificate
            Asker(url, token).require_closed(loopback=loopback)
    except requests.RequestException as fault:
        raise UsageError(
            f"JupyterLab could not be asked whether it lets strangers in: {fault}",
            "./lab start, once more; then read its log",
        ) from fault


def _listened_on(pid: int) -> list[str]:
    """Addresses that other machines reach, on which the process listens."""
    try:
        sockets = psutil.Process(pid).net_connections("inet")
    except psutil.Error:
        return []
    listening = {s.laddr.ip for s in sockets if s.status == psutil.CONN_LISTEN}
    return sorted(ip for ip in listening if not is_loopback(ip))


def _refused(status: int, to: str) -> bool:
    redirected = 300 <= status < 400 and urlsplit(to).path.endswith("/login")
    return status in (401, 403) or redirected


def _open(what: str) -> UsageError:
    return UsageError(
        f"JupyterLab would let in whoever asks ({what}), so it was stopped",
        "./lab start without further options, and without PYTHONPATH or a sitecustomize "
        "that changes Jupyter",
    )
