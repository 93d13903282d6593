"""How a mergekit config names a model: a folder or repository, its revision, and an adapter on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mergelab.methods.knobs import brief, nearest

FORMS = "a folder or owner/name@revision, alone or with +ADAPTER, or {model: NAME, lora: ADAPTER}"


@dataclass(frozen=True)
class ModelReference:
    """A model and the LoRA adapter that is added to it, as MergeLab names them; two spellings of a model are equal."""

    model: str
    adapter: str | None = None


def read_reference(where: str, given: object) -> ModelReference:
    """A model in any of mergekit's notations: text, a path with a revision, a model with an adapter.

    Raises ValueError for anything else.
    """
    if isinstance(given, str) and given.strip():
        model, *adapters = (part.strip() for part in given.split("+"))
        if len(adapters) > 1 or not all((model, *adapters)):
            raise ValueError(f"{where} must be MODEL or MODEL+ADAPTER, got {brief(given)}")
        return ModelReference(model, *adapters)
    if not isinstance(given, Mapping) or not given.keys() & {"model", "path"}:
        raise ValueError(f"{where} must be {FORMS}, got {brief(given)}")
    if "path" in given:
        return ModelReference(_path(where, given))
    _refuse_others(where, given, ("model", "lora"))
    adapter = given.get("lora")
    return ModelReference(_path(where, given["model"]), None if adapter is None else _path(f"lora of {where}", adapter))


def written_reference(base: str | None, model: str) -> str:
    """The model of a recipe as mergekit names it: an adapter's folder after the model that it changes."""
    is_adapter = base and (Path(model) / "adapter_config.json").is_file()
    return f"{base}+{model}" if is_adapter else model


def _path(where: str, given: Any) -> str:
    if isinstance(given, str) and given.strip():
        return given
    if not isinstance(given, Mapping) or not isinstance(given.get("path"), str) or not given["path"].strip():
        raise ValueError(f"{where} must be {FORMS}, got {brief(given)}")
    _refuse_others(where, given, ("path", "revision"))
    revision = given.get("revision")
    return given["path"] if revision is None else f"{given['path']}@{revision}"


def _refuse_others(where: str, given: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for name, value in given.items():
        if name == "override_architecture" and value is not None:
            raise ValueError(
                f"override_architecture of {where} is not supported: MergeLab merges by tensor name; remove it"
            )
        if name not in (*known, "override_architecture"):
            raise ValueError(f"unknown key {brief(name)} of {where}{nearest(name, known)}")
