"""What every question has in common: shown once as boxes, settled once it is answered."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from buildlab.show.widgets import kernel


class Asked(ABC):
    """A question in a notebook: live boxes there, the static twin everywhere else.

    Once its answer was checked, or where it was given in the call, it can only be read.
    """

    _handle: Any = None
    _widget: Any = None

    @property
    @abstractmethod
    def given(self) -> bool:
        """Whether the answer is fixed, so that nothing is asked."""

    @abstractmethod
    def _fix(self) -> None:
        """Keep what the boxes hold now: they are about to close."""

    @abstractmethod
    def _make_boxes(self) -> Any:
        """The live widget."""

    @abstractmethod
    def _repr_html_(self) -> str:
        """The static twin: what is asked, and what was marked."""

    def _settle(self) -> None:
        """Replace the boxes with what they held, so that a saved notebook shows it."""
        if self._handle is None or self._widget is None:
            return
        self._fix()
        widget, self._widget = self._widget, None
        self._handle.update(kernel.Told(self._repr_html_(), repr(self)))
        kernel.close(widget)

    def _ipython_display_(self) -> None:
        from IPython.display import display

        if self.given or not kernel.in_kernel():
            display(kernel.Told(self._repr_html_(), repr(self)))  # type: ignore[no-untyped-call]
            return
        self._widget = self._make_boxes()
        self._handle = display(self._widget, display_id=True)  # type: ignore[no-untyped-call]
