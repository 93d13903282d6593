"""Collects all that an adapter stores for each weight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from mergelab.checkpoints.lora.stored.adapter_file import MERGE_FIRST, AdapterFile
from mergelab.checkpoints.lora.stored.stored_names import MAGNITUDE, ROWS


@dataclass(frozen=True)
class Stored:
    """The stored names of everything that an adapter has for one weight."""

    full: str = ""
    own: bool = False
    """Whether `full` was trained as a copy of the module's own (modules_to_save)."""
    down: str = ""
    up: str = ""
    magnitude: str = ""
    rows: str = ""
    ids: tuple[int, ...] = ()
    """The tokens to which `rows` belong."""
    scaled: str = ""
    """The name by which the settings give rank and alpha of the factors."""


@dataclass(frozen=True)
class StoredWeights:
    """The weights of one adapter by their names in the model; `parameters` are those with factors of their own."""

    file: AdapterFile
    parameters: Mapping[tuple[str, int], str]
    """(module, depth) -> the parameter that the factors there change, if it is not simply the module's weight."""
    stacked: frozenset[tuple[str, int]]
    """Those of these places whose parameters stack the matrices of experts; they are left to others."""

    def weights(self) -> dict[str, Stored]:
        found = {name: Stored(full, self._is_saved(name)) for name, full in self.file.names.full.items()}
        for (module, depth), parts in self.file.names.parts.items():
            if (module, depth) not in self.stacked:
                parameter = self.parameters.get((module, depth), "")
                name = f"{module}.{parameter or 'weight'}"
                scaled = name if parameter else module
                found[name] = self._with_parts(found.get(name, Stored()), module, scaled, parts)
        return found

    def vectors(self) -> dict[str, tuple[str, str]]:
        """Bias name -> (the stored vector that is added to it, its module)."""
        added = ((module, parts.get("lora_B.bias")) for (module, _), parts in self.file.names.parts.items())
        return {f"{module}.bias": (vector, module) for module, vector in added if vector}

    def _is_saved(self, name: str) -> bool:
        """Whether a tensor belongs to a module of modules_to_save; like PEFT, matches the end of a module's name."""
        module = name.rpartition(".")[0]
        return any(f"{saved}." in f"{module}." for saved in self.file.settings.modules_to_save)

    def _with_parts(self, its: Stored, module: str, scaled: str, parts: Mapping[str, str]) -> Stored:
        if ROWS in parts:
            its = replace(its, rows=parts[ROWS], ids=self._ids(module, parts[ROWS]))
        if parts.keys() <= {ROWS}:
            return its
        if its.rows:
            self.file.refuse(f"it has both factors and single rows of {module}; {MERGE_FIRST}")
        self._check_magnitude(module, parts)
        down, up = self.file.pair(module, parts)
        return replace(its, down=down, up=up, magnitude=parts.get(MAGNITUDE, ""), scaled=scaled)

    def _check_magnitude(self, module: str, parts: Mapping[str, str]) -> None:
        dora = self.file.settings.dora
        if dora is not (MAGNITUDE in parts):
            told = "lacks them" if dora else "has them"
            self.file.refuse(
                f"use_dora is {dora} in its settings, but {module} {told}: DoRA's magnitudes; in PEFT, save it again"
            )

    def _ids(self, module: str, rows: str) -> tuple[int, ...]:
        tokens, stored = self.file.settings.tokens, self.file.shape(rows)[0]
        named = (ids for name, ids in tokens.items() if name and f".{module}".endswith(f".{name}"))
        ids = next(named, tokens.get("", ()))
        if len(ids) != stored:
            self.file.refuse(
                f"it stores {stored} rows of {module}, but trainable_token_indices names {len(ids)} tokens; "
                "in PEFT, save it again"
            )
        return ids
