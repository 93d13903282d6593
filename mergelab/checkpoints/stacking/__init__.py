"""Builds the model of a stack recipe: layers of several models under new numbers, the rest from the base."""
