"""Which tensors of two models belong together, and what stands in the way of a merge."""
