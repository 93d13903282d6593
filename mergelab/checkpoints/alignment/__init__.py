"""Matching the tensors of two models, and detecting problems that prevent a merge."""
