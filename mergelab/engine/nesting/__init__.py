"""Merges that are models of other merges."""
