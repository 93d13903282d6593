"""Checkpoints: opening by path, Hub id or suite name, comparing, hashing and writing all or nothing."""

from mergelab.checkpoints.alignment.compatibility import Compatibility, compare
from mergelab.checkpoints.alignment.problems import Problem
from mergelab.checkpoints.alignment.tensor_location import address
from mergelab.checkpoints.conversion.from_pickle import convert_pickle
from mergelab.checkpoints.delta.delta_export import Packed, pack_expert
from mergelab.checkpoints.files.content_hash import hash_state
from mergelab.checkpoints.files.errors import CheckpointError
from mergelab.checkpoints.files.folder import FolderCheckpoint, open_folder
from mergelab.checkpoints.files.interface import Checkpoint, StateDict, TensorSpec, in_memory
from mergelab.checkpoints.files.read_range import is_plain, read_range
from mergelab.checkpoints.lora.lora_extract import Extraction, extract_adapter
from mergelab.checkpoints.open import open_checkpoint, suite_of
from mergelab.checkpoints.suites import (
    Suite,
    SuiteBase,
    SuiteExpert,
    SuiteTask,
    assets_folder,
    built_suites,
    list_suites,
    load_suite,
)
from mergelab.checkpoints.unpacking import SuitePrefetch, unpack
from mergelab.checkpoints.writing.manifest import verify_folder
from mergelab.checkpoints.writing.merged_folder import MergedFolder
from mergelab.runtime.cache import cache_folder
from mergelab.runtime.staging import sweep

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
    "SuitePrefetch",
    "SuiteTask",
    "TensorSpec",
    "address",
    "assets_folder",
    "built_suites",
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
    "read_range",
    "suite_of",
    "sweep",
    "unpack",
    "verify_folder",
]
