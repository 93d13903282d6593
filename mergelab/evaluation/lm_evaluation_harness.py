"""Scores of a language model on tasks of lm-evaluation-harness, which gets the model in memory."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from mergelab.checkpoints.files.silence import silence
from mergelab.evaluation.kinds.task_kind import find_kind
from mergelab.evaluation.task_models.loading import config_from, load_model
from mergelab.evaluation.tasks import TaskError
from mergelab.methods.knobs import nearest

MISSING = (
    "--lm-eval needs lm-evaluation-harness, which is not installed; run `pip install 'mergelab[lm-eval]'`, or score task sets of your own "
    "with --task"
)


@dataclass(frozen=True)
class HarnessScore:
    """A score as lm-evaluation-harness gives it: `filter` is its way to read answers, `stderr` its standard error, None if it
    gives none, `n` the number of examples (0 for a group of tasks)."""

    task: str
    metric: str
    filter: str
    value: float
    stderr: float | None
    n: int
    higher_is_better: bool
    version: str


@dataclass(frozen=True)
class LanguageModel:
    """A model to ask: its config, its tensors by file keys as they would be stored, and a folder with its tokenizer."""

    name: str
    config: Mapping[str, Any]
    folder: Path | None
    state: Mapping[str, Tensor]


class HarnessTasks:
    """Tasks of lm-evaluation-harness by name, with their data loaded; `folder` has YAML files of further tasks.

    Raises `TaskError` if the harness is not installed, does not know a name, or cannot load the data.
    """

    def __init__(self, names: Sequence[str], folder: str | None = None) -> None:
        if importlib.util.find_spec("lm_eval") is None:
            raise TaskError(MISSING)
        logging.getLogger("lm_eval").setLevel(logging.ERROR)
        from lm_eval.tasks import TaskManager

        self.names, self._manager = list(names), TaskManager(include_path=folder)
        known = sorted(self._manager.task_index)
        for name in self.names:
            if name not in known:
                raise TaskError(f"lm-evaluation-harness has no task {name!r}{nearest(name, known)}")
        for name in self.names:
            self._load(name)

    def _load(self, name: str) -> None:
        try:
            self._manager.load([name])
        except OSError as error:  # no network, no such data set, or offline mode
            raise TaskError(
                f"the data of the lm-eval task {name} cannot be loaded ({error}); run once with a network to fill the cache of Hugging "
                "Face's datasets, or give a task with local data by --lm-eval-path"
            ) from error

    def scores(
        self, model: LanguageModel, limit: int | None = None, device: str = "cpu", batch: int = 1
    ) -> list[HarnessScore]:
        """The harness's scores of the model on the first `limit` examples of each task, in the dtype that its tensors have.

        `batch` is the number of examples in a batch. With 1, the harness's own default, its command line gives the same
        numbers for the saved model; in longer ones it pads, and answers that nearly tie may change.
        """
        from lm_eval import __version__, simple_evaluate
        from lm_eval.models.huggingface import HFLM

        network, tokenizer = _loaded(model)
        asked = HFLM(pretrained=network.to(device), tokenizer=tokenizer, batch_size=batch)
        with silence():
            found = simple_evaluate(
                asked, tasks=self.names, limit=limit, task_manager=self._manager, log_samples=False, verbosity="ERROR"
            )
        return list(_scores(found, str(__version__)))


def _loaded(model: LanguageModel) -> tuple[Any, Any]:
    """The model as transformers loads it from a folder, and its tokenizer."""
    from transformers import AutoTokenizer, GenerationConfig

    config = config_from(model.config, model.name)
    if model.folder is None:
        raise TaskError(f"{model.name} has no folder with a tokenizer, which lm-evaluation-harness needs")
    kind = find_kind("seq2seq" if getattr(config, "is_encoder_decoder", False) else "perplexity")
    network: Any = load_model(kind, config, model.state, model.name, dtype="auto")
    if (model.folder / "generation_config.json").is_file():
        network.generation_config = GenerationConfig.from_pretrained(model.folder, local_files_only=True)
    return network, AutoTokenizer.from_pretrained(model.folder, local_files_only=True)


def _scores(found: Mapping[str, Any], version: str) -> Iterator[HarnessScore]:
    counts, better = found["n-samples"], found["higher_is_better"]
    for task, figures in found["results"].items():
        for name, value in figures.items():
            metric, _, read_by = name.partition(",")
            if not read_by or metric.endswith("_stderr") or not isinstance(value, int | float):
                continue
            error = figures.get(f"{metric}_stderr,{read_by}")
            yield HarnessScore(
                task=task,
                metric=metric,
                filter=read_by,
                value=float(value),
                stderr=float(error) if isinstance(error, int | float) else None,
                n=int(counts.get(task, {}).get("effective", 0)),
                higher_is_better=bool(better.get(task, {}).get(metric, True)),
                version=version,
            )
