"""Spectral figures of deltas: singular values, ranks, subspace overlaps."""
