"""Unpacks models of suites into the cache as ordinary model folders."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any

from safetensors.torch import load_file, save_file

from mergelab.checkpoints.delta.suite_archive import State, on_top, read_archive, unpack_base
from mergelab.checkpoints.files.errors import CheckpointError
from mergelab.checkpoints.files.safe_paths import safe_json
from mergelab.checkpoints.lora import adapter, adapter_config
from mergelab.checkpoints.suites import BASE, Suite, list_suites
from mergelab.runtime.cache import SUITES, store

PACKED_BASE = "base/base.safetensors.xz"
WEIGHTS = "model.safetensors"


def unpack(suite: Suite, model: str = BASE) -> Path:
    """Ordinary model folder of the suite's base or of one expert, made in the cache on first use."""
    return _Unpacker(suite).unpack(model)


class SuitePrefetch:
    """Unpacks the models of suites among `models` (references, as `open_checkpoint` accepts them) in the background, as many
    at once as there are processors. Other references, and files that cannot be read, are left to whoever opens them.

    Leaving the context drops what has not begun.
    """

    def __init__(self, models: Iterable[str]) -> None:
        self._pool = ThreadPoolExecutor(os.cpu_count() or 1)
        self._unpacking: dict[str, Future[None]] = {}
        for suite in list_suites().values():
            found = [model for model in models if model.partition("/")[0] == suite.name]
            self._start(suite, {model: model.partition("/")[2] or BASE for model in found})

    def __enter__(self) -> SuitePrefetch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def waits(self, model: str, seconds: float) -> bool:
        """Wait so long for a model; returns whether it is still being unpacked."""
        return bool(wait([self._unpacking[model]], seconds).not_done) if model in self._unpacking else False

    def _start(self, suite: Suite, names: Mapping[str, str]) -> None:
        """Experts need the base's tensors, but their archives can be read before these are there. The pool takes tasks in
        their order, so what a task waits for has begun."""
        unpacker = _Unpacker(suite)
        known = {model: name for model, name in names.items() if name in (BASE, *suite.experts)}
        missing = {model: name for model, name in known.items() if not unpacker.has(name)}
        if not missing:
            return
        self._pool.submit(_tried, unpacker.unpack, BASE)
        for name in missing.values():
            self._pool.submit(_tried, unpacker.prefetch_archive, name)
        for model, name in missing.items():
            self._unpacking[model] = self._pool.submit(_tried, unpacker.unpack, name)


def _tried(work: Callable[[str], object], name: str) -> None:
    """Opening the model reports what is wrong with its files."""
    with suppress(CheckpointError, OSError):
        work(name)


@dataclass
class _Unpacker:
    """Unpacks models of one suite, in several threads at once. The base's tensors are in memory once for all of them."""

    suite: Suite
    _lock: Lock = field(default_factory=Lock)
    _base: State | None = None
    _read: dict[str, State] = field(default_factory=dict)
    """The packed tensors of experts that were prefetched."""

    def has(self, model: str) -> bool:
        """Whether the model's folder is in the cache."""
        return store().has(SUITES, self._key(model))

    def unpack(self, model: str) -> Path:
        """The model's folder, which is made where there is none. Raises `CheckpointError` for an unknown model, and for a file
        that is missing or damaged."""
        if model != BASE and model not in self.suite.experts:
            known = ", ".join(self.suite.models)
            raise CheckpointError(f"the suite {self.suite.name} has no model {model!r}; it has {known}")
        return store().folder(SUITES, self._key(model), lambda folder: self._write(model, folder))

    def prefetch_archive(self, model: str) -> None:
        """Read an expert's archive, which needs no base."""
        if model != BASE:
            self._read[model] = self._packed(model)

    def _key(self, model: str) -> str:
        return f"{self.suite.name}-{self.suite.digest[:16]}-{model}"

    def _packed(self, model: str) -> State:
        return read_archive(self.suite.file(f"experts/{model}.safetensors.xz"))

    def _base_state(self) -> State:
        """The base's tensors, mapped from its folder by whichever thread needs them first."""
        with self._lock:
            if self._base is None:
                self._base = load_file(self.unpack(BASE) / WEIGHTS)
            return self._base

    def _expert_state(self, model: str) -> State:
        """The expert's tensors under its own file keys: body tensors with the prefix, head tensors without."""
        base = self._base_state()
        state = on_top(base, self._read.pop(model) if model in self._read else self._packed(model))
        return {self.suite.prefix + key if key in base else key: value for key, value in state.items()}

    def _write(self, model: str, folder: Path) -> None:
        suite = self.suite
        if model != BASE and suite.experts[model].adapter:
            self._write_adapter(model, folder)
            return
        state = unpack_base(suite.file(PACKED_BASE)) if model == BASE else self._expert_state(model)
        config = safe_json(suite.folder / BASE, "config.json") or {}
        if model != BASE:
            config |= suite.experts[model].config
        for path in _auxiliary_files(suite):
            shutil.copyfile(path, folder / path.name)
        _write_json(config, folder / "config.json")
        save_file({key: value.contiguous() for key, value in state.items()}, folder / WEIGHTS, {"format": "pt"})

    def _write_adapter(self, model: str, folder: Path) -> None:
        """Write a LoRA expert as PEFT does: its factors and its settings."""
        _write_json(dict(self.suite.experts[model].adapter), folder / adapter_config.CONFIG)
        save_file(self._packed(model), folder / adapter.WEIGHTS, {"format": "pt"})


def _write_json(value: Mapping[str, Any], path: Path) -> None:
    path.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _auxiliary_files(suite: Suite) -> list[Path]:
    """The base's tokenizer and preprocessor files; those listed in the manifest are checked against it."""
    paths = sorted(path for path in (suite.folder / BASE).iterdir() if path.is_file() and path.suffix != ".xz")
    names = [f"{BASE}/{path.name}" for path in paths]
    return [suite.file(name) if name in suite.files else suite.folder / name for name in names]
