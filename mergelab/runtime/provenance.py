"""Provenance of a result: the library versions and the processor that computed it."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from mergelab import __version__
from mergelab.runtime import portable

LIBRARIES = ("torch", "numpy", "numba", "transformers", "safetensors")


def provenance() -> dict[str, Any]:
    """The provenance as plain data for JSON.

    `mergelab`, `python` and `libraries` are versions. `processor` has the machine, model and supported instruction sets;
    `torch_instructions` are those that torch uses. `portable` is as in `mergelab.runtime.portable`.
    """
    import torch
    from llvmlite import binding

    features = sorted(name for name, known in binding.get_host_cpu_features().items() if known)
    return {
        "mergelab": __version__,
        "python": platform.python_version(),
        "libraries": {name: found for name in LIBRARIES if (found := _version(name))},
        "processor": {"machine": platform.machine(), "model": binding.get_host_cpu_name(), "features": features},
        "torch_instructions": torch.backends.cpu.get_cpu_capability(),
        "portable": portable.asked(),
    }


def _version(library: str) -> str | None:
    try:
        return version(library)
    except PackageNotFoundError:
        return None
