"""The fused kernels for processors, compiled by numba."""

from mergelab.linalg.kernel_cache import stamp_kernels

stamp_kernels()
