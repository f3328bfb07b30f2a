"""What the tests in a browser share."""

from tests.browser.jupyterlab import page, server

__all__ = ["page", "server"]
