"""BuildKit's event stream, folded into what is known of each vertex and each step."""

from buildlab.stream.fold import Fold, Progress, StepProgress
from buildlab.stream.grouping import Group, group
from buildlab.stream.plainlog import PlainLog
from buildlab.stream.vertex import Vertex

__all__ = ["Fold", "Group", "PlainLog", "Progress", "StepProgress", "Vertex", "group"]
