"""Try edits on a tree and keep what was found: runs, evidence, conditions over facts."""
