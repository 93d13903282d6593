"""Checkpoints: open by path, Hub id or suite name, compare, hash, and write a merged model as a whole or not at all."""

from mergelab.checkpoints.address import address
from mergelab.checkpoints.compatibility import Compatibility, compare
from mergelab.checkpoints.convert import convert_pickle
from mergelab.checkpoints.errors import CheckpointError
from mergelab.checkpoints.extraction import Extraction, extract_adapter
from mergelab.checkpoints.folder import FolderCheckpoint, open_folder
from mergelab.checkpoints.identity import hash_state
from mergelab.checkpoints.manifest import verify_folder
from mergelab.checkpoints.opening import open_checkpoint, suite_of
from mergelab.checkpoints.pack import Packed, pack_expert
from mergelab.checkpoints.problems import Problem
from mergelab.checkpoints.specs import Checkpoint, StateDict, TensorSpec, in_memory
from mergelab.checkpoints.staging import sweep
from mergelab.checkpoints.stretches import is_plain, read_stretch
from mergelab.checkpoints.suites import Suite, SuiteBase, SuiteExpert, SuiteTask, list_suites, load_suite, unpack
from mergelab.checkpoints.writing import MergedFolder
from mergelab.runtime.cache import cache_folder

__all__ = [
    "Checkpoint",
    "CheckpointError",
    "Compatibility",
    "Extraction",
    "FolderCheckpoint",
    "MergedFolder",
    "Packed",
    "Problem",
    "StateDict",
    "Suite",
    "SuiteBase",
    "SuiteExpert",
    "SuiteTask",
    "TensorSpec",
    "address",
    "cache_folder",
    "compare",
    "convert_pickle",
    "extract_adapter",
    "hash_state",
    "in_memory",
    "is_plain",
    "list_suites",
    "load_suite",
    "open_checkpoint",
    "open_folder",
    "pack_expert",
    "read_stretch",
    "suite_of",
    "sweep",
    "unpack",
    "verify_folder",
]
