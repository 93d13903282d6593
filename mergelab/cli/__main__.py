"""Runs the `mergelab` command as `python -m mergelab.cli`."""

import sys

from mergelab.cli import main

if __name__ == "__main__":
    sys.exit(main())
