"""Tensors that one file stores whole and another in parts, such as the stacked experts of a mixture."""
