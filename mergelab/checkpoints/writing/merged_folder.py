"""Writes a merged model, streamed tensor by tensor, to a folder that appears only when complete."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from torch import Tensor

from mergelab.checkpoints.files.content_hash import tensor_bytes
from mergelab.checkpoints.files.errors import CheckpointError
from mergelab.checkpoints.files.folder import DIFFUSERS_CLASS
from mergelab.checkpoints.files.interface import Checkpoint, TensorSpec
from mergelab.checkpoints.files.phrases import counted, dtype_name, some_of
from mergelab.checkpoints.files.safe_paths import PLAIN_NAME
from mergelab.checkpoints.files.weight_names import WeightNames, weight_names_of
from mergelab.checkpoints.writing.auxiliary_files import config_to_write, copy_auxiliary_files
from mergelab.checkpoints.writing.chosen_files import ChosenFiles
from mergelab.checkpoints.writing.file_layout import SHARD_BYTES, PartLayout, index_of, plan_parts
from mergelab.checkpoints.writing.manifest import MANIFEST, manifest_of
from mergelab.checkpoints.writing.model_staging import ModelStaging, refuse_existing
from mergelab.checkpoints.writing.weight_file import WeightFile
from mergelab.runtime.staging import sweep


class MergedFolder:
    """Context manager that writes a model folder at `out`.

        with MergedFolder(out, base, specs) as folder:
            folder.write(key, tensor)       # every key of `specs` once, in any order
            folder.add_text("README.md", text)

    Tensors are written directly to their place in the weight file (or shards of at most `shard_bytes`), which is called as
    in `base` (or as `weight_names` say): model.safetensors, diffusers' name, or the name of a single file. The components of a pipeline have folders of
    their own. Config and everything else come from `base`, or from the models of `chosen_files`. The folder `out` appears when the block ends: an exception, a closed
    generator or a killed process leaves no folder. An existing `out` is never touched. Equal tensors give equal bytes.
    """

    def __init__(
        self,
        out: Path,
        base: Checkpoint,
        specs: Mapping[str, TensorSpec],
        *,
        shard_bytes: int = SHARD_BYTES,
        chosen_files: ChosenFiles | None = None,
        weight_names: Mapping[str, WeightNames] | None = None,
    ) -> None:
        self.out = out
        self._base = base
        self._chosen_files = chosen_files or ChosenFiles()
        self._specs = dict(specs)
        self._parts = plan_parts(self._specs, shard_bytes, weight_names or weight_names_of(base))
        self._places = {key: place for part in self._parts for key, place in part.places.items()}
        self._written: set[str] = set()
        self._files: dict[str, WeightFile] = {}
        self._hashes: dict[str, str] = {}
        self._facts: dict[str, Any] = {}

    def __enter__(self) -> Self:
        """Raises `CheckpointError` if `out` exists or the disk has too little free space."""
        refuse_existing(self.out)
        sweep(self.out.parent)
        self._staging = ModelStaging(self.out)
        try:
            self._check_space()
            self._start_files()
            self._copy_auxiliary_files()
        except BaseException:
            self._abandon()
            raise
        return self

    def write(self, key: str, tensor: Tensor) -> None:
        """Write the tensor `key`. Raises `CheckpointError` if it does not match `specs` or was written before."""
        expected = self._specs.get(key)
        if expected is None:
            raise CheckpointError(f"tensor {key!r} is not among the specs given for {self.out}")
        if key in self._written:
            raise CheckpointError(f"tensor {key!r} of {self.out} is already written")
        if (tuple(tensor.shape), tensor.dtype) != (expected.shape, expected.dtype):
            raise CheckpointError(
                f"tensor {key!r} of {self.out} must be {dtype_name(expected.dtype)} of shape {expected.shape}, "
                f"got {dtype_name(tensor.dtype)} of shape {tuple(tensor.shape)}"
            )
        name, start = self._places[key]
        self._files[name].write(tensor_bytes(tensor), start)
        self._written.add(key)

    def add_text(self, name: str, text: str) -> None:
        """Add a text file such as recipe.yml. Raises `CheckpointError` if `name` is a path or already taken."""
        path = self._staging.path / name
        taken = {MANIFEST, *(part.names.index for part in self._parts)}
        if not PLAIN_NAME.fullmatch(name) or name in taken or path.exists():
            raise CheckpointError(f"cannot add a file {name!r} to {self.out}: use a plain name that is not taken")
        path.write_text(text, encoding="utf-8", newline="\n")

    def add_fact(self, name: str, value: Any) -> None:
        """Add plain data to manifest.json, next to the list of files."""
        self._facts[name] = value

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._abandon()
            return
        try:
            self._finish()
        except BaseException:
            self._abandon()
            raise

    def _check_space(self) -> None:
        needed = int(1.1 * sum(layout.size for part in self._parts for layout in part.files))
        free = shutil.disk_usage(self._staging.path).free
        if free < needed:
            raise CheckpointError(
                f"{self.out} needs {needed:,} bytes, but only {free:,} are free; free some space or choose another disk"
            )

    def _start_files(self) -> None:
        for part in self._parts:
            (self._staging.path / part.start).mkdir(exist_ok=True)
            for layout in part.files:
                path = self._staging.path / part.start / layout.name
                file = self._files[part.start + layout.name] = WeightFile(path, layout.size, self.out)
                file.write(memoryview(layout.header), 0)

    def _copy_auxiliary_files(self) -> None:
        for part in self._parts:
            config = merged_config(self._base, self._specs_of(part), self._chosen_files, part.start)
            if config:
                self._write_json(f"{part.start}config.json", config)
        if self._base.folder is not None:
            copy_auxiliary_files(self._base.folder, self._staging.path)
        self._chosen_files.put(self._staging.path)

    def _finish(self) -> None:
        missing = sorted(self._specs.keys() - self._written)
        if missing:
            raise CheckpointError(
                f"{self.out} is not written: {counted(missing, 'tensor')} missing ({some_of(missing)})"
            )
        self._close()
        for part in self._parts:
            if len(part.files) > 1:
                self._write_json(part.start + part.names.index, index_of(part.files, self._specs_of(part)))
        self._write_json(MANIFEST, self._facts | manifest_of(self._staging.path, self._hashes))
        try:
            self._staging.commit()
        except FileExistsError as error:
            raise CheckpointError(f"{self.out} has been created by another process; it is not overwritten") from error

    def _specs_of(self, part: PartLayout) -> dict[str, TensorSpec]:
        return {key: self._specs[part.start + key] for layout in part.files for key in layout.starts}

    def _write_json(self, name: str, content: Mapping[str, Any]) -> None:
        text = json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False)
        (self._staging.path / name).write_text(text + "\n", encoding="utf-8", newline="\n")

    def _close(self) -> None:
        while self._files:
            name, file = self._files.popitem()
            found = file.close()
            self._hashes.update({name: found} if found else {})

    def _abandon(self) -> None:
        self._close()
        self._staging.discard()


def merged_config(
    base: Checkpoint, specs: Mapping[str, TensorSpec], chosen: ChosenFiles, start: str = ""
) -> dict[str, Any]:
    """The base's config, or that of its component at `start`, with what the merged model changes.

    It names the dtype of most of the merged weights, which diffusers does not store there, and the token ids of a chosen
    tokenizer.
    """
    config = config_to_write(base, start) | ({} if start else chosen.token_ids())
    sizes: dict[str, int] = {}
    for spec in specs.values():
        if spec.dtype.is_floating_point:
            sizes[dtype_name(spec.dtype)] = sizes.get(dtype_name(spec.dtype), 0) + spec.count
    if not config or not sizes or DIFFUSERS_CLASS in config:
        return dict(config)
    named = [name for name in ("dtype", "torch_dtype") if name in config] or ["torch_dtype"]
    return {**config, **dict.fromkeys(named, max(sizes, key=lambda name: sizes[name]))}
