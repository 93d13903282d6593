"""Conversion between stack recipes and mergekit configs with the method passthrough."""
