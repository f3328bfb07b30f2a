"""Handouts: executed lessons as pages to read, to print and to show.

    handout.make(["01"], Handouts(Path("handouts"), {"html", "pdf"}), observer)

A lesson is executed unless it holds the outputs of all its cells. What is done is kept beside the
handouts after each lesson, so that a failure or Ctrl-C costs the lesson it hit and no other.
Nothing is ever written where the lessons lie.
"""

from buildlab.handout.making import KINDS, Handouts, Kind, Watching, make, make_labs

__all__ = ["KINDS", "Handouts", "Kind", "Watching", "make", "make_labs"]
