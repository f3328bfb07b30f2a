"""Run lessons and keep the outputs of their compared cells, and of no others.

    python -m tests.notebooks.keep notebooks/01_layer_cache.ipynb …

Look at the difference before you commit it: what is stored here is what nbval will expect.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from buildlab.show.html.page import unstyled
from tests.repo.notebook_rules import COMPARED

HTML = "text/html"


def keep(path: Path) -> int:
    """Execute the notebook where it lies and rewrite it; returns how many outputs it keeps."""
    notebook = nbformat.read(path, as_version=4)
    metadata = dict(notebook.metadata)
    NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": path.parent}}
    ).execute()
    kept = 0
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type != "code":
            continue
        if COMPARED in cell.metadata.get("tags", []):
            kept += 1
            for output in cell.outputs:
                if HTML in output.get("data", {}):
                    output.data[HTML] = unstyled(output.data[HTML])
        else:
            cell.outputs, cell.execution_count = [], None
    notebook.metadata = nbformat.from_dict(
        {key: metadata[key] for key in ("kernelspec", "language_info") if key in metadata}
    )
    nbformat.write(notebook, path)
    return kept


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(f"{name}: {keep(Path(name))} compared cells")
