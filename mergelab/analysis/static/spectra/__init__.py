"""Singular values of deltas: spectra, ranks, overlaps of subspaces."""
