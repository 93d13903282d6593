"""Figures of a merge without making it: sketches, previews, static figures, one tensor as a map."""
