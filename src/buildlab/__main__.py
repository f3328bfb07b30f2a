"""`python -m buildlab` is `buildlab`: the command line, imported where Ctrl-C is heard."""

from __future__ import annotations

import sys

try:  # importing takes long enough to be interrupted
    from buildlab.cli import main
except KeyboardInterrupt:
    sys.exit(130)

if __name__ == "__main__":
    main()
