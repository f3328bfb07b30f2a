"""Records, comparisons, matrices, frames as HTML: no script, any theme, any export.

Python chooses what is told, `templates/` say where it stands, `style.css` how it looks. A state
is a glyph, a colour and a word, never colour alone.
"""

from buildlab.show.html.comparison import comparison_html
from buildlab.show.html.frame import MOST_ROWS, frame_html, frame_table
from buildlab.show.html.matrix import matrix_html
from buildlab.show.html.page import render, styled
from buildlab.show.html.record import record_html

__all__ = [
    "MOST_ROWS",
    "comparison_html",
    "frame_html",
    "frame_table",
    "matrix_html",
    "record_html",
    "render",
    "styled",
]
