"""Small archives of a suite's checkpoints: a half-precision base and experts as quantised deltas, xz-compressed."""

from __future__ import annotations

import lzma
from pathlib import Path

import torch
from safetensors.torch import load, save
from torch import Tensor

State = dict[str, Tensor]


def pack_base(state: State, path: Path) -> State:
    """Write `state` as float16 to `path` and return the unpacked result (float32).

    Experts must be fine-tuned from the returned tensors, so that their deltas contain no rounding error of the base.
    """
    half = {key: value.half() if value.is_floating_point() else value for key, value in state.items()}
    pack_tensors(half, path)
    return unpack_base(path)


def unpack_base(path: Path) -> State:
    """Read a packed base: floating-point tensors as float32, others unchanged."""
    return {key: value.float() if value.is_floating_point() else value for key, value in read_archive(path).items()}


def pack_delta(base: State, expert: State, path: Path, levels: int) -> State:
    """Write `expert - base` to `path` and return the unpacked expert.

    Tensors with two or more dimensions become integers in [-levels, levels] with one float32 step per row (first
    dimension). Vectors, and tensors that `base` lacks (a head), are stored in float32. Unchanged tensors take no space.
    `levels` is at most 127; after compression, 15 takes about 4.3 bits per entry and 127 about 7.2.
    """
    packed: State = {}
    for key, value in expert.items():
        value = value.float().contiguous()
        if key not in base or base[key].shape != value.shape:
            packed[f"exact/{key}"] = value
        elif value.ndim < 2:
            packed[f"vector/{key}"] = value - base[key]
        elif not torch.equal(value, base[key]):
            packed[f"level/{key}"], packed[f"step/{key}"] = quantise(value - base[key], levels)
    pack_tensors(packed, path)
    return unpack_delta(base, path)


def unpack_delta(base: State, path: Path) -> State:
    """Read a packed expert on top of `base`; tensors that the file lacks are the base's."""
    return on_top(base, read_archive(path))


def on_top(base: State, packed: State) -> State:
    """The expert of the tensors that its archive holds."""
    expert = dict(base)
    for name, value in packed.items():
        kind, key = name.split("/", 1)
        if kind == "exact":
            expert[key] = value
        elif kind == "vector":
            expert[key] = base[key] + value
        elif kind == "level":
            expert[key] = base[key] + dequantise(value, packed[f"step/{key}"])
    return expert


def quantise(delta: Tensor, levels: int) -> tuple[Tensor, Tensor]:
    """`delta` (rows, *rest) as int8 of the same shape in [-levels, levels], and the float32 step per row (rows,)."""
    step = delta.flatten(1).abs().amax(1) / levels
    safe = torch.where(step > 0, step, torch.ones_like(step)).reshape(-1, *[1] * (delta.ndim - 1))
    return (delta / safe).round().to(torch.int8), step


def dequantise(levels: Tensor, step: Tensor) -> Tensor:
    """The float32 delta represented by the result of `quantise`."""
    return levels.float() * step.reshape(-1, *[1] * (levels.ndim - 1))


def pack_tensors(state: State, path: Path) -> None:
    """Write tensors as they are, such as those of an adapter."""
    path.parent.mkdir(parents=True, exist_ok=True)
    raw = save({key: value.contiguous() for key, value in sorted(state.items())})
    path.write_bytes(lzma.compress(raw, preset=6))


def read_archive(path: Path) -> State:
    """The tensors of an archive as they are packed."""
    return load(lzma.decompress(path.read_bytes()))
