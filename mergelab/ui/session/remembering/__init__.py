"""What the page tried, as runs: remembered while it happens, listed, compared, gone back to."""
