"""Folders that the project reads or keeps things in: a person's data, a server's models, the documentation."""
