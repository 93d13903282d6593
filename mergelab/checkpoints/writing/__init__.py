"""Writes merged models to folders, all or nothing."""
