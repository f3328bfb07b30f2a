"""What goes wrong in a build or beside it, and what is to be said of it."""
