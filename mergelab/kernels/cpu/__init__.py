"""The fused kernels for processors, compiled by numba."""
