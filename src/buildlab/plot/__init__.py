"""Pictures of builds. Every function takes data and `ax=None`, and returns the Axes.

In a notebook end a cell with the function's namesake in `buildlab.show`, which adds alt text, the
sentence and the table: `show.waterfall(record)`. Here is what to compose figures of one's own with.
"""

from buildlab.plot.bars import bars
from buildlab.plot.compare import compare
from buildlab.plot.distribution import distribution
from buildlab.plot.figure import Shown, figure, png
from buildlab.plot.graph import graph
from buildlab.plot.heatmap import matrix
from buildlab.plot.sizes import sizes
from buildlab.plot.transfer import transfer
from buildlab.plot.waterfall import waterfall

__all__ = [
    "Shown",
    "bars",
    "compare",
    "distribution",
    "figure",
    "graph",
    "matrix",
    "png",
    "sizes",
    "transfer",
    "waterfall",
]
