"""Whether there is a notebook to show things in, and which of its cells is at work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


def shell() -> Any:
    """The IPython shell of a Jupyter kernel, None in scripts and in terminal IPython."""
    try:
        from IPython.core.getipython import get_ipython
    except ImportError:  # pragma: no cover  IPython comes with ipywidgets
        return None
    found = get_ipython()
    return found if found is not None and getattr(found, "kernel", None) is not None else None


def in_kernel() -> bool:
    """True inside a Jupyter kernel: JupyterLab, nbval, nbconvert --execute."""
    return shell() is not None


def cell_id() -> str:
    """What is equal for two calls from one run of one cell, and from nothing else.

    Names the request that the kernel is answering; a widget's button is a request of its own.
    """
    found = shell()
    if found is None:
        return ""
    header = getattr(found, "parent_header", None) or {}
    inner = header.get("header", header) if isinstance(header, dict) else {}
    return str(inner.get("msg_id", "")) or f"cell {found.execution_count}"


def close(widget: Any) -> None:
    """Close a widget with its children, layout and style: none stays in a saved notebook."""
    for part in getattr(widget, "children", ()):
        close(part)
    for name in ("layout", "style"):
        if (part := getattr(widget, name, None)) is not None:
            part.close()
    widget.close()


@dataclass(frozen=True, slots=True, repr=False)
class Told:
    """Something that a display shows as this HTML, and where there is none, as this text."""

    data: str
    plain: str

    def _repr_html_(self) -> str:
        return self.data

    def __repr__(self) -> str:
        return self.plain
