"""Jobs that are remembered as runs, and runs that are done again."""
