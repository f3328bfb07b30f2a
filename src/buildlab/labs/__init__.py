"""Labs: exercises whose answers are graded by how their builds behave."""
