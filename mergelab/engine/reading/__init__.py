"""Chunks of tensors as they are stored, as float32, and as deltas."""
