"""Steps down, edits across."""

from __future__ import annotations

from buildlab.record.matrix import Matrix, describe_matrix
from buildlab.show.html.look import look
from buildlab.show.html.page import render, styled


def matrix_html(matrix: Matrix) -> str:
    """What each edit made run."""
    rows = [
        {
            "place": str(key),
            "instruction": matrix.labels[key],
            "looks": [look(matrix.state(e, key), matrix.word(e, key)) for e in matrix.edits],
        }
        for key in matrix.steps
    ]
    counts = matrix.miss_counts.values()
    told = describe_matrix(matrix)
    return styled(render("matrix", label=told, edits=matrix.edits, rows=rows, counts=counts))
