"""Maps of tensors in the cache, by content."""

from __future__ import annotations

from mergelab.analysis.tensor_map.build_map import TensorMap, build_map
from mergelab.analysis.tensor_map.tensor_session import TensorSession
from mergelab.runtime.cache import TENSOR_MAPS, store
from mergelab.runtime.progress import ProgressGen


def cached_map(session: TensorSession, key: str, name: str) -> ProgressGen[TensorMap]:
    """The map called `name` from the cache, else a new one that is kept there. The name tells all that a map depends on."""
    if found := store().recall(TENSOR_MAPS, name, TensorMap.decode):
        return found
    built = yield from build_map(session, key)
    store().put(TENSOR_MAPS, name, built.encode())
    return built
