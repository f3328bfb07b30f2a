"""Pictures of builds. Every function takes data and `ax=None`, and returns the Axes.

In a notebook end a cell with the function's namesake in `buildlab.show`, which adds alt text, the
sentence and the table: `show.waterfall(record)`. Here is what to compose figures of one's own with.
"""

from buildlab.show.plot.bars import bars
from buildlab.show.plot.compare import compare
from buildlab.show.plot.distribution import distribution
from buildlab.show.plot.figure import Shown, figure, png
from buildlab.show.plot.graph import graph
from buildlab.show.plot.heatmap import matrix
from buildlab.show.plot.sizes import sizes
from buildlab.show.plot.transfer import transfer
from buildlab.show.plot.waterfall import waterfall

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
