"""Reading a folder of golden cases: inputs, expected numbers, tolerance."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

State = dict[str, Tensor]


@dataclass(frozen=True)
class Case:
    """One case of index.json with the folder it comes from."""

    folder: Path
    entry: Mapping[str, Any]
    layouts: Mapping[str, Any]

    def __getattr__(self, name: str) -> Any:
        return self.entry[name]

    def state(self, prefix: str, file: str | None = None) -> State:
        """The tensors of an input file under `prefix`, without it."""
        stored = _load(self.folder / (file or self.inputs["file"]))
        return {key.removeprefix(prefix): value for key, value in stored.items() if key.startswith(prefix)}

    @property
    def base(self) -> State | None:
        return self.state(self.inputs["base"]) if "base" in self.inputs else None

    @property
    def models(self) -> list[State]:
        return [self.state(prefix) for prefix in self.inputs["models"]]

    def further(self, kind: str) -> list[State]:
        """Fishers or keep masks, one state a model."""
        given = self.inputs[kind]
        return [self.state(prefix, given["file"]) for prefix in given["prefixes"]]

    @property
    def keys(self) -> list[str]:
        """The tensors that the expected vectors speak of."""
        names = ("layout", "layout_i64")
        return [key for name in names if name in self.expected for key, _ in self.layouts[self.expected[name]]]

    def check(self, got: Mapping[str, Tensor]) -> None:
        """Every expected entry within tolerance, masks included; entries that the source left NaN are not a target."""
        stored = _load(self.folder / self.expected["file"])
        for kind in ("", "_i64", "_u8"):
            if f"key{kind}" in self.expected:
                self._compare(got, stored[self.expected[f"key{kind}"]], self.layouts[self.expected[f"layout{kind}"]])

    def _compare(self, got: Mapping[str, Tensor], expected: Tensor, layout: list[Any]) -> None:
        for key, _ in layout:
            assert key in got, f"{key} is missing in the result"
        flat = torch.cat([got[key].reshape(-1).double() for key, _ in layout])
        expected = expected.double()
        target = torch.isfinite(expected)
        assert bool(torch.isfinite(flat).all())
        error = (flat - expected)[target].abs()
        allowed = self.tolerance["atol"] + self.tolerance["rtol"] * expected[target].abs()
        worst = int((error - allowed).argmax()) if len(error) else 0
        assert bool((error <= allowed).all()), (
            f"{int((error > allowed).sum())} of {len(error)} entries off, worst by {error[worst]:g}"
        )


def read_cases(folder: Path) -> list[Case]:
    """All cases of a golden folder, with the long texts of their parameters filled in."""
    index = json.loads((folder / "index.json").read_text())
    return [Case(folder, _filled(entry, index["texts"]), index["layouts"]) for entry in index["cases"]]


def _filled(value: Any, texts: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(entry, texts) for key, entry in value.items()}
    if isinstance(value, list):
        return [_filled(entry, texts) for entry in value]
    return texts[value[1:]] if isinstance(value, str) and value.startswith("@") else value


@lru_cache(maxsize=64)
def _load(path: Path) -> State:
    return load_file(path)
