"""Who gets into the JupyterLab of `./lab start`: who has the token, whatever is configured."""

from __future__ import annotations

import asyncio
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

from buildlab.cli import start as cli_start
from buildlab.errors import UsageError
from buildlab.setup.jupyter import Lab, jupyterlab
from buildlab.setup.jupyter.address import is_loopback

LESSON = "notebooks/00_start_here.ipynb"
PASSWORD = "argon2:$argon2id$v=19$m=10240,t=10,p=8$nonsense$nonsense"

# Each opens a server of Jupyter's own, or shows it to others, in another way.
CONFIGURATIONS: dict[str, dict[str, str]] = {
    "password and empty token": {
        "jupyter_server_config.json": json.dumps(
            {
                "PasswordIdentityProvider": {"hashed_password": PASSWORD},
                "IdentityProvider": {"token": ""},
            }
        ),
    },
    "old names, JupyterLab's files, and what undoes a check": {
        "jupyter_server_config.py": "c.ServerApp.token = ''\nc.ServerApp.password = ''\n"
        "c.NotebookApp.token = ''\nc.NotebookApp.password = ''\n"
        "c.ServerApp.tornado_settings = {'cookie_secret': b'known',"
        " 'disable_check_xsrf': True, 'allow_remote_access': True}\n"
        "c.ServerApp.allow_origin = '*'\nc.ServerApp.disable_check_xsrf = True\n"
        "c.ServerApp.allow_remote_access = True\nc.ServerApp.ip = '0.0.0.0'\n"
        "c.ServerApp.allow_unauthenticated_access = True\nc.ServerApp.cookie_secret = b'known'\n"
        "c.ContentsManager.files_handler_class = 'tornado.web.StaticFileHandler'\n"
        "c.ContentsManager.files_handler_params = {'path': '/'}\n",
        "jupyter_lab_config.py": "c.LabApp.token = ''\nc.ServerApp.token = ''\n"
        "c.IdentityProvider.token = ''\nc.ServerApp.ip = '0.0.0.0'\n"
        "c.PasswordIdentityProvider.token = ''\nc.ServerApp.extra_static_paths = ['/']\n",
        "jupyter_lab_config.json": json.dumps({"ServerApp": {"ip": "0.0.0.0", "port": 1}}),
        "jupyter_notebook_config.py": "c.NotebookApp.token = ''\nc.NotebookApp.password = ''\n",
        "jupyter_config.json": json.dumps({"IdentityProvider": {"token": ""}}),
    },
    "a provider that lets everyone in": {
        "jupyter_server_config.py": "from jupyter_server.auth.identity import *\n"
        "class Anyone(IdentityProvider):\n"
        "    auth_enabled = False\n"
        "    def get_user(self, handler):\n"
        "        return User('anyone')\n"
        "c.ServerApp.identity_provider_class = Anyone\n",
    },
    "a login handler of before": {
        "jupyter_server_config.py": "from jupyter_server.auth.login import LoginHandler\n"
        "class Anyone(LoginHandler):\n"
        "    @classmethod\n"
        "    def get_user(cls, handler):\n"
        "        return 'anyone'\n"
        "    @classmethod\n"
        "    def get_login_available(cls, settings):\n"
        "        return False\n"
        "c.ServerApp.login_handler_class = Anyone\n",
    },
    "elsewhere": {
        "jupyter_server_config.json": json.dumps(
            {
                "ServerApp": {
                    "sock": "/tmp/nobody-listens-here.sock",
                    "base_url": "/elsewhere",
                    "certfile": "/nowhere",
                    "password_required": True,
                },
                "GatewayClient": {"url": "http://192.0.2.1:1"},
                "Session": {"key": ""},
                "KernelManager": {"transport": "tcp", "ip": "0.0.0.0"},
            }
        ),
        "jupyter_server_config.d/own.json": json.dumps(
            {"ServerApp": {"jpserver_extensions": {"open_door": True, "jupyterlab": False}}}
        ),
        "open_door.py": "def _load_jupyter_server_extension(app):\n"
        "    from tornado.web import StaticFileHandler\n"
        "    app.web_app.add_handlers('.*', [(r'/door/(.*)', StaticFileHandler, {'path': '/'})])\n",
    },
}
VARIABLES = {
    "JUPYTER_TOKEN_FILE": "/dev/null",
    "JUPYTER_SERVER_ALLOW_UNAUTHENTICATED_ACCESS": "true",
    "JUPYTER_ALLOW_INSECURE_WRITES": "1",
    "JUPYTER_GATEWAY_URL": "http://192.0.2.1:1",
    "JUPYTER_PORT": "1",
}


@contextmanager
def lab_of(
    folder: Path, files: dict[str, str], ip: str = "127.0.0.1", *arguments: str, **variables: str
) -> Iterator[Lab]:
    """The course's JupyterLab for a user with these configuration files, under a wide umask."""
    home, root = folder / "home", folder / "root"
    for name, content in files.items():
        path = home / ".jupyter" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    (root / LESSON).parent.mkdir(parents=True)
    (root / LESSON).write_text("{}")
    environ = {k: v for k, v in os.environ.items() if not k.startswith("JUPYTER")}
    environ |= {"HOME": str(home), **variables}
    umask = os.umask(0)
    try:
        with jupyterlab(root, environ, home / "jupyter.log", ip=ip, arguments=arguments) as lab:
            yield lab
    finally:
        os.umask(umask)


def token_of(lab: Lab) -> str:
    return lab.url.split("token=")[1]


def ask(lab: Lab, method: str, path: str, **more: Any) -> requests.Response:
    """An answer of the server; redirects are not followed."""
    with requests.Session() as session:
        session.trust_env = False
        address = f"http://127.0.0.1:{lab.port}{path}"
        return session.request(method, address, timeout=30, allow_redirects=False, **more)


def websocket(lab: Lab, path: str, headers: dict[str, str]) -> int:
    """101 where the server opens it, else the status of the refusal."""

    async def connect() -> int:
        request = HTTPRequest(
            f"ws://127.0.0.1:{lab.port}{path}", headers=headers, connect_timeout=20
        )
        try:
            (await websocket_connect(request)).close()
        except HTTPClientError as refusal:
            return refusal.code
        return 101

    return asyncio.run(connect())


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_only_the_token_opens(name: str, tmp_path: Path) -> None:
    """Whatever a user's files and variables say, requests, files and websockets are refused
    without the token, a web page can't rebind its name, and with the token all works."""
    more = {
        **VARIABLES,
        "PYTHONPATH": f"{os.environ.get('PYTHONPATH', '')}:{tmp_path}/home/.jupyter",
    }
    with lab_of(tmp_path, CONFIGURATIONS[name], **more) as lab:
        mine = {"Authorization": f"token {token_of(lab)}"}
        kernel = ask(lab, "POST", "/api/kernels", headers=mine, json={}).json()["id"]
        terminal = ask(lab, "POST", "/api/terminals", headers=mine).json()["name"]
        paths = (
            "/api/contents",
            "/api/kernels",
            "/api/terminals",
            "/api/status",
            f"/files/{LESSON}",
        )
        sockets = (f"/api/kernels/{kernel}/channels", f"/terminals/websocket/{terminal}")
        for headers in ({}, {"Authorization": "token "}, {"Authorization": "token wrong"}):
            for path in paths:
                page = {"Referer": f"http://127.0.0.1:{lab.port}/lab"}
                answer = ask(lab, "GET", path, headers={**headers, **page})
                assert answer.status_code in (302, 403), f"{path}: {answer.status_code}"
                assert "/login" in answer.headers.get("Location", "/login")
            for path in sockets:
                assert websocket(lab, path, headers) == 403, path
        assert ask(lab, "POST", "/api/terminals").status_code == 403
        for path in ("/static/etc/hostname", "/door/etc/hostname"):
            assert ask(lab, "GET", path, headers=mine).status_code == 404
        rebound = ask(lab, "GET", "/api/status", headers={**mine, "Host": "rebound.invalid"})
        assert rebound.status_code == 403
        foreign = ask(lab, "GET", "/login", headers={"Origin": "http://page.invalid"})
        assert foreign.headers.get("Access-Control-Allow-Origin") != "*"
        for path in paths:
            assert ask(lab, "GET", path, headers=mine).status_code == 200, path
        for path in sockets:
            assert websocket(lab, path, mine) == 101, path
        sockets_of_it = psutil.Process(lab.process.pid).net_connections("inet")
        assert {s.laddr.ip for s in sockets_of_it if s.status == "LISTEN"} == {"127.0.0.1"}


def test_other_accounts_see_nothing(tmp_path: Path) -> None:
    """Arguments, the log, the files of the server and its kernels' sockets: whatever the umask,
    none shows the token or a key to another account, and no kernel listens on a port."""
    with lab_of(tmp_path, {}, JUPYTER_TOKEN="chosen-by-the-user") as lab:
        assert token_of(lab) == "chosen-by-the-user"
        mine = {"Authorization": f"token {token_of(lab)}"}
        kernel = ask(lab, "POST", "/api/kernels", headers=mine, json={}).json()["id"]
        server = psutil.Process(lab.process.pid)
        for process in (server, *server.children(recursive=True)):
            assert token_of(lab) not in " ".join(process.cmdline())
        assert token_of(lab) not in lab.log.read_text()
        assert stat.S_IMODE(lab.log.stat().st_mode) == 0o600
        folder = lab.page.parent
        assert stat.S_IMODE(folder.stat().st_mode) & 0o077 == 0
        assert token_of(lab) in lab.page.read_text()
        for file in (lab.page, *folder.glob("*.json")):
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name
        connection = json.loads((folder / f"kernel-{kernel}.json").read_text())
        assert connection["transport"] == "ipc"
        assert connection["key"]
    assert not folder.exists()


SITECUSTOMIZE = """
import sys
if "buildlab.setup.jupyter.server" in sys.orig_argv:
    from jupyter_server.auth import identity
    anyone = lambda self, handler: identity.User("anyone")
    identity.IdentityProvider.get_user = anyone
"""


def test_an_open_server_is_stopped(tmp_path: Path) -> None:
    """Where something still opens the door, the kit finds it, names it and stops the server."""
    (tmp_path / "sitecustomize.py").write_text(SITECUSTOMIZE)
    path = f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}"
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    with pytest.raises(UsageError, match="GET /lab without a token") as error:
        lab_of(tmp_path, {}, PYTHONPATH=path).__enter__()
    assert "stopped" in error.value.message and error.value.hint.startswith("./lab start")
    left = {child.pid for child in psutil.Process().children(recursive=True)} - before
    assert left == set()


@pytest.mark.parametrize(
    "argument",
    [
        *("--IdentityProvider.token=", "--ServerApp.token=''", "--ServerApp.ip=0.0.0.0"),
        *("--config=mine.py", "--ServerApp.tornado_settings={}", "--gateway-url=http://x"),
        *("--LabApp.allow_origin=*", "--KernelManager.transport=tcp", "--ip=0.0.0.0"),
        *("--Session.key=''", "--PasswordIdentityProvider.hashed_password=x", "--sock=x"),
    ],
)
def test_options_that_decide_who_gets_in_are_refused(argument: str, tmp_path: Path) -> None:
    """They are named before anything starts, with what to type instead."""
    with pytest.raises(UsageError, match="who gets into JupyterLab") as error:
        lab_of(tmp_path, {}, "127.0.0.1", argument).__enter__()
    assert "./lab start" in error.value.hint
    assert not (tmp_path / "home" / "jupyter.log").exists()


@pytest.mark.parametrize("token", ["", "short", "with space", "ümläut-token", " " * 9])
def test_a_token_that_is_none(token: str, tmp_path: Path) -> None:
    """An empty JUPYTER_TOKEN is one of ours; what can't be one is said."""
    if not token:
        with lab_of(tmp_path, {}, JUPYTER_TOKEN="") as lab:
            assert len(token_of(lab)) >= 32
        return
    with pytest.raises(UsageError, match="JUPYTER_TOKEN"):
        lab_of(tmp_path, {}, JUPYTER_TOKEN=token).__enter__()


def test_listening_for_others_is_said(tmp_path: Path) -> None:
    """With another address than loopback the server asks for the token all the same, and the
    words say who gets in, as whom, and that nothing is encrypted."""
    with lab_of(tmp_path, CONFIGURATIONS["password and empty token"], "0.0.0.0") as lab:
        assert ask(lab, "GET", "/api/contents").status_code == 403
        said = cli_start.opened("0.0.0.0", lab)
    assert "every address of this machine" in said and "terminal as" in said
    assert "Nothing is encrypted" in said
    assert is_loopback("127.0.0.1") and is_loopback("::1") and is_loopback("localhost")
    assert not any(map(is_loopback, ("", "*", "0.0.0.0", "::", "192.0.2.1")))


def test_a_browser_is_led_by_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The address that a browser is started with, which every account sees, has no token."""
    opened: list[str] = []
    monkeypatch.setattr(cli_start.webbrowser, "open", opened.append)
    cli_start.show(tmp_path / "open.html", {"DISPLAY": ":0"})
    assert opened == [(tmp_path / "open.html").as_uri()]
    for variables in ({}, {"BROWSER": "x", "VSCODE_IPC_HOOK_CLI": "y"}):
        cli_start.show(tmp_path / "open.html", variables)
    assert len(opened) == 1
