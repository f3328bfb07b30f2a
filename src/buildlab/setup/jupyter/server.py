"""The process behind `./lab start`: JupyterLab, with who gets in decided here and nowhere else.

Run as `python -m buildlab.setup.jupyter.server FD ADDRESS PORT ARGUMENTS…`. The token comes through
standard input: every account of the machine may read the arguments of a process. Once the
server listens, one line of JSON goes to the file descriptor FD.

No configuration file is read, of the user's or of the machine's: a password, an empty token or
an open address in one of them was meant for another server. What the command line says is
applied before `init_configurables`, and what stands there is the last word.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from jupyter_server.auth.authorizer import AllowAllAuthorizer
from jupyter_server.auth.identity import PasswordIdentityProvider
from jupyter_server.auth.login import LoginFormHandler, LoginHandler
from jupyter_server.auth.logout import LogoutHandler
from jupyter_server.serverapp import ServerApp
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from jupyterlab.labapp import LabApp

from buildlab.setup.jupyter.address import is_loopback
from buildlab.setup.jupyter.options import CLASSES

_EXTENSIONS = ("jupyterlab", "jupyter_lsp", "jupyter_server_terminals")


class TokenOnly(PasswordIdentityProvider):
    """Who has the token gets in. There is no password, and no way to set one."""

    @property
    def auth_enabled(self) -> bool:
        return True


class CourseServer(ServerApp):
    """The lessons' server."""

    bound: tuple[str, int]
    given_token: str
    report_to: int

    @property
    def config_file_paths(self) -> list[str]:
        """None, for the extensions too: they ask here."""
        return []

    def init_configurables(self) -> None:
        """Last word on every setting that has a part in who gets in."""
        for name in CLASSES:
            self.config.pop(name, None)
        self.config.KernelManager.transport = "ipc"  # a port would be open to every account
        self.ip, self.port = self.bound
        for name, value in _fixed(loopback=is_loopback(self.ip)).items():
            setattr(self, name, value)
        super().init_configurables()
        provider = self.identity_provider
        assert isinstance(provider, TokenOnly)
        provider.token, provider.token_generated = self.given_token, False
        provider.hashed_password = ""
        provider.password_required = provider.allow_password_change = False
        provider.login_handler_class, provider.logout_handler_class = (
            LoginFormHandler,
            LogoutHandler,
        )

    def start_ioloop(self) -> None:
        """Serve, and say so: callbacks run in their order, and the port is bound in an earlier."""
        self.io_loop.add_callback(self._report)
        super().start_ioloop()

    def _report(self) -> None:
        told = {"port": self.port, "base_url": self.base_url, "secure": bool(self.ssl_options)}
        with os.fdopen(self.report_to, "w") as file:
            json.dump(told, file)


def _fixed(*, loopback: bool) -> dict[str, Any]:
    return {
        "allow_credentials": False,
        "allow_external_kernels": False,
        "allow_origin": "",
        "allow_origin_pat": "",
        "allow_remote_access": not loopback,  # else a web page could rebind its own name to us
        "allow_unauthenticated_access": False,
        "authenticate_prometheus": True,
        "authorizer_class": AllowAllAuthorizer,
        "cookie_secret": os.urandom(32),  # a login of another server, or of last time, is none
        "disable_check_xsrf": False,
        "extra_services": [],
        "extra_static_paths": [],  # static files are served to everyone
        "extra_template_paths": [],
        "identity_provider_class": TokenOnly,
        "kernel_manager_class": AsyncMappingKernelManager,
        "kernel_websocket_connection_class": ZMQChannelsWebsocketConnection,
        "local_hostnames": ["localhost"],
        "login_handler_class": LoginHandler,
        "logout_handler_class": LogoutHandler,
        "no_browser_open_file": True,  # it holds the token, and follows the umask
        "open_browser": False,
        "port_retries": 0,
        "sock": "",
        "tornado_settings": {},
    }


def main(descriptor: str, ip: str, port: str, *arguments: str) -> None:
    """Serve until a signal comes."""
    CourseServer.report_to = int(descriptor)
    os.set_inheritable(CourseServer.report_to, False)
    CourseServer.bound = (ip, int(port))
    CourseServer.given_token = sys.stdin.read()
    LabApp.serverapp_class = CourseServer
    LabApp.serverapp_config = {"jpserver_extensions": dict.fromkeys(_EXTENSIONS, True)}
    try:
        LabApp.launch_instance(list(arguments))
    finally:  # also where the one who made the folder was killed
        shutil.rmtree(Path(CourseServer.instance().runtime_dir), ignore_errors=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
