"""Private modules: by a proxy with a password, from git over ssh."""

from buildlab.experiments.private_modules.fetching import (
    by_proxy,
    by_ssh,
    dockerfile,
    go_settings,
    said,
)

__all__ = ["by_proxy", "by_ssh", "dockerfile", "go_settings", "said"]
