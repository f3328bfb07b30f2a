"""BuildKit's event stream, folded into what is known of each vertex and each step."""

from buildlab.record.stream.fold import Fold, Progress, StepProgress
from buildlab.record.stream.grouping import Group, group
from buildlab.record.stream.plainlog import PlainLog
from buildlab.record.stream.vertex import Vertex

__all__ = ["Fold", "Group", "PlainLog", "Progress", "StepProgress", "Vertex", "group"]
