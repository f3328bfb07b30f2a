"""`python -m buildlab` is `buildlab`."""

from buildlab.cli import main

main()
