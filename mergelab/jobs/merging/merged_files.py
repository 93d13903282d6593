"""The files beside the weights of a merged model, according to its recipe."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from weakref import finalize

from mergelab.checkpoints.alignment.tokens.token_frame import target_vocabulary
from mergelab.checkpoints.alignment.tokens.vocabulary import read_vocabulary
from mergelab.checkpoints.files.errors import CheckpointError
from mergelab.checkpoints.files.folder import harmless
from mergelab.checkpoints.writing.auxiliary_files import copy_auxiliary_files
from mergelab.checkpoints.writing.chosen_files import ChosenFiles
from mergelab.checkpoints.writing.merged_folder import merged_config
from mergelab.engine import Plan
from mergelab.recipe.file_choices import BASE, FILE_CHOICES, UNION


def chosen_files(planned: Plan) -> ChosenFiles:
    """The folders from which tokenizer, chat template and generation settings come, if not from the base's."""
    folders = {expert.name: expert.folder for expert in planned.experts}
    for what, model in planned.recipe.file_choices.items():
        if folders.get(model, Path()) is None:
            told = "it is a single file, with no other files beside; choose base"
            raise CheckpointError(f"{what}: {model} is refused: {told}")
    tokenizer, template, generation = (folders.get(planned.recipe.file_choices.get(name, "")) for name in FILE_CHOICES)
    chosen = ChosenFiles(tokenizer, template, generation, must_load=planned.recipe.tokenizer != BASE)
    if planned.recipe.tokenizer != UNION:
        return chosen
    ours = read_vocabulary(planned.base.folder) or {}
    listed = tuple(planned.experts[place] for place in planned.listed)
    union = target_vocabulary(planned.base, listed, UNION) or {}
    added = {token: place for token, place in union.items() if token not in ours}
    return replace(chosen, added_tokens=added, added_from=tuple(path for path in folders.values() if path))


@dataclass(frozen=True)
class MergedFiles:
    """The config of a merged model that is not written, and a folder with its other files.

    `owner` removes the folder when it is dropped, if the folder is not a model's own.
    """

    config: Mapping[str, Any]
    folder: Path | None
    owner: object = None


class _Owner:
    """Lives as long as a temporary folder."""


def merged_files(planned: Plan) -> MergedFiles:
    """The files of a plan's merged model: the base's own where the recipe chooses no others, else copies."""
    base, chosen = planned.base, chosen_files(planned)
    config = merged_config(base, planned.specs, chosen)
    if base.folder is None or not planned.recipe.file_choices:
        return MergedFiles(harmless(config), base.folder)
    owner, folder = _Owner(), Path(mkdtemp(prefix="mergelab-"))
    finalize(owner, shutil.rmtree, folder, ignore_errors=True)
    copy_auxiliary_files(base.folder, folder)
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    chosen.put(folder)
    return MergedFiles(harmless(config), folder, owner)
