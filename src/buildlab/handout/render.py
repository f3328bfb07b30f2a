"""Lessons to HTML by nbconvert, with templates of the kit's own: no fonts, scripts or styles
are loaded from anywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from buildlab.handout.lessons import Notebook
from buildlab.handout.outputs import SHOWN, static

TEMPLATES = Path(__file__).parent / "templates"
PAGES = Path(__file__).parent / "pages"


def cells(notebook: Notebook) -> str:
    """All cells of a lesson, with their outputs, as an HTML fragment."""
    from nbconvert import HTMLExporter

    return _export(HTMLExporter, "handout", notebook)


def slides(notebook: Notebook) -> str:
    """Cells that carry slide types, as reveal's sections. Inputs are not shown."""
    from nbconvert import SlidesExporter

    return _export(SlidesExporter, "slides", notebook, exclude_input=True)


def _export(kind: Any, template: str, notebook: Notebook, **options: Any) -> str:
    from traitlets.config import Config

    exporter = kind(
        config=Config(NbConvertBase={"display_data_priority": list(SHOWN)}),
        template_name=template,
        extra_template_basedirs=[str(TEMPLATES)],
        exclude_anchor_links=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        **options,
    )
    body, _ = exporter.from_notebook_node(static(notebook))
    return str(body)


def highlighting() -> str:
    """The colours of code: for a light ground, and for a dark one on screens only."""
    from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]

    light = HtmlFormatter(style="default").get_style_defs(".highlight")
    dark = HtmlFormatter(style="github-dark").get_style_defs(".highlight")
    return f"{light}\n@media screen and (prefers-color-scheme:dark){{{dark}}}"


def page_file(name: str) -> str:
    """A part of the page that is the same for all lessons."""
    return (PAGES / name).read_text("utf-8")
