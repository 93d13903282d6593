"""Changes of the tables of runs from version to version."""

NEWEST = "0001"
"""The revision that today's tables have."""
