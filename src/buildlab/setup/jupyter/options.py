"""Options of JupyterLab that `./lab start` doesn't hand on: they decide who gets in."""

from __future__ import annotations

from collections.abc import Iterable

from buildlab.errors import UsageError

CLASSES = frozenset(
    {
        *("IdentityProvider", "PasswordIdentityProvider", "LegacyIdentityProvider"),
        *("Authorizer", "AllowAllAuthorizer", "GatewayClient", "Session", "ConnectionFileMixin"),
    }
)
"""All that is set of these classes is the kit's."""

_SETTINGS = frozenset(
    {
        *("allow_credentials", "allow_external_kernels", "allow_origin", "allow_origin_pat"),
        *("allow_password_change", "allow_remote_access", "allow_unauthenticated_access"),
        *("authenticate_prometheus", "authorizer_class", "config", "config_file"),
        *("config_file_name", "cookie_options", "cookie_secret", "cookie_secret_file"),
        *("disable_check_xsrf", "extra_services", "extra_static_paths", "extra_template_paths"),
        *("files_handler_class", "files_handler_params", "gateway", "gateway_url"),
        *("get_secure_cookie_kwargs", "hashed_password", "identity_provider_class", "ip"),
        *("jpserver_extensions", "kernel_manager_class", "kernel_websocket_connection_class"),
        *("local_hostnames", "login_handler_class", "logout_handler_class", "password"),
        *("password_required", "port", "port_retries", "sock", "sock_mode", "token"),
        *("tornado_settings", "transport"),
    }
)
_INSTEAD = {
    "ip": "./lab start --ip ADDRESS",
    "port": "./lab start --port N",
    "token": "JUPYTER_TOKEN=… ./lab start, for a token of your own",
}


def refuse(arguments: Iterable[str]) -> None:
    """Raises UsageError for the first argument that would decide who gets in."""
    for argument in arguments:
        if not argument.startswith("-"):
            continue
        option = argument.partition("=")[0]
        owner, _, name = option.lstrip("-").rpartition(".")
        name = name.replace("-", "_")
        if name in _SETTINGS or owner.rpartition(".")[2] in CLASSES:
            raise UsageError(
                f"{option} has a part in who gets into JupyterLab, which ./lab start decides "
                "itself: with a token, and nobody without it",
                _INSTEAD.get(name, f"./lab start without {option}"),
            )
