"""What the papers report, measured on the suites."""
