"""What a build reads of this machine: the guard, the list of its files, what is missing."""
