"""Task sets: rows to ask, how to ask them, and the model whose head, tokenizer and config answer them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from mergelab.checkpoints import Checkpoint, Suite, load_suite, open_checkpoint
from mergelab.checkpoints.suites import SuiteTask
from mergelab.evaluation.kinds import Rows, TaskKind, find_kind
from mergelab.evaluation.kinds.settings import TaskSettings
from mergelab.evaluation.tasks.stored import read_images
from mergelab.evaluation.tasks.tables.splits import BY_CONTENT, Dealing
from mergelab.evaluation.tasks.tables.table import Part, TableSpec, placed_rows, read_parts
from mergelab.evaluation.tasks.task_error import TaskProblems


@dataclass(frozen=True)
class TaskSet:
    """One task.

    `head` is a model reference (`minilm/movie`, a folder, a Hub id), whose config, tokenizer and head are used with every
    merged body; `lent` is that model where it is open already. `path` is the file with the rows; for rows in several files,
    `parts` has each with its split. `dealing` says how other rows are dealt to splits. `columns` pairs the kind's columns with
    those of a table that names them otherwise; `settings` are the kind's, None stands for its defaults. `notes` are sentences
    about what was recognised rather than said; `origin` is what names an own task set on the command line.
    """

    name: str
    title: str
    kind: str
    labels: tuple[str, ...]
    head: str
    path: Path
    columns: tuple[tuple[str, str], ...] = ()
    settings: Any = None
    source: str = ""
    licence: str = ""
    parts: tuple[Part, ...] = ()
    dealing: Dealing = BY_CONTENT
    notes: tuple[str, ...] = ()
    origin: str = ""
    lent: Checkpoint | None = field(default=None, compare=False, repr=False)

    @property
    def asked(self) -> TaskKind:
        """The kind of task."""
        return find_kind(self.kind)

    @property
    def metric(self) -> str:
        """The name of the metric of this task's scores."""
        return self.asked.metric(self.chosen)

    @property
    def chosen(self) -> Any:
        """The settings of the kind, its defaults included."""
        return self.settings if self.settings is not None else self.asked.settings()

    @property
    def spec(self) -> TableSpec:
        """How the tables are read."""
        return TableSpec(self.kind, self.labels, self.columns, self.chosen, self.dealing)

    @property
    def files(self) -> tuple[Part, ...]:
        """The files with the rows, each with its split or the empty one."""
        return self.parts or (("", self.path),)

    def open_head(self) -> Checkpoint:
        """The model whose head, tokenizer and config answer."""
        return self.lent or open_checkpoint(self.head)

    def rows(self, split: str, limit: int | None = None) -> Rows:
        """The rows of `split` ("calibration", "validation" or "test"), or a fixed stratified subset of `limit` rows."""
        splits = self.splits()
        if split not in splits:
            raise ValueError(
                f"task {self.name} has no rows in split {split!r}; it has {_listed(splits)}; choose one of them, or add such rows"
            )
        return splits[split].limited(limit)

    def splits(self) -> Mapping[str, Rows]:
        """All rows by split; read once per process unless the file changes."""
        for _, path in self.files:
            if not path.is_file():
                raise ValueError(f"task {self.name}: there is no file {path}")
        return _read(self.files, self.spec, self._stamps)

    def places(self, split: str) -> tuple[str, ...]:
        """The file and line of each row of `split` as stored; none for task sets of suites, whose files nobody reads."""
        return _places(self.files, self.spec, self._stamps).get(split, ()) if self.origin else ()

    @property
    def _stamps(self) -> tuple[tuple[int, int], ...]:
        stats = [path.stat() for _, path in self.files]
        return tuple((stat.st_size, stat.st_mtime_ns) for stat in stats)


def suite_tasks(name: str) -> dict[str, TaskSet]:
    """The task sets of a suite, by name."""
    suite = load_suite(name)
    return {
        key: TaskSet(
            name=key,
            title=task.title,
            kind=task.kind,
            labels=tuple(task.labels),
            head=f"{name}/{task.head}",
            path=_stored_file(suite, key),
            settings=_settings(name, key, task),
            source=task.source,
            licence=task.licence,
        )
        for key, task in suite.tasks.items()
    }


def task_from_file(path: Path | str, head: str, *, text_column: str = "text", label_column: str = "label") -> TaskSet:
    """A task set from a CSV, TSV or JSON-lines file of texts, answered by the classifier of the model `head`.

    The whole file is checked at once. Raises `ValueError` naming the line and, for an unknown label, the head's labels.
    """
    path = Path(path)
    labels = labels_of(open_checkpoint(head).config, head)
    columns = (("text", text_column), ("label", label_column))
    task = TaskSet(path.stem, path.stem, "text-classification", labels, head, path, columns, source=path.name)
    task.splits()
    return task


def labels_of(config: Mapping[str, object], name: str) -> tuple[str, ...]:
    """The class names of a model's config, in the order of its outputs."""
    names = config.get("id2label")
    if not isinstance(names, Mapping) or not names:
        raise ValueError(
            f"{name} has no class names (id2label in config.json); name a fine-tuned classifier as the head"
        )
    return tuple(str(names[key]) for key in sorted(names, key=int))


def _settings(suite: str, name: str, task: SuiteTask) -> TaskSettings | None:
    try:
        return find_kind(task.kind).settings_of(task.settings) if task.settings else None
    except ValueError as error:
        raise ValueError(f"task {name} of the suite {suite}: {error}") from error


def _stored_file(suite: Suite, task: str) -> Path:
    images = f"tasks/{task}.safetensors.xz"
    return suite.file(images if images in suite.files else f"tasks/{task}.jsonl.xz")


@lru_cache(maxsize=32)
def _read(parts: tuple[Part, ...], spec: TableSpec, stamps: tuple[tuple[int, int], ...]) -> Mapping[str, Rows]:
    """`stamps` are part of the cache key, so that a changed file is read again."""
    _, first = parts[0]
    return read_images(first, spec.labels) if first.name.endswith(".safetensors.xz") else read_parts(parts, spec)


@lru_cache(maxsize=32)
def _places(
    parts: tuple[Part, ...], spec: TableSpec, stamps: tuple[tuple[int, int], ...]
) -> Mapping[str, tuple[str, ...]]:
    """File and line of the rows by split, in their order; `stamps` as in `_read`."""
    by_split: dict[str, list[str]] = {}
    for placed in placed_rows(parts, spec, TaskProblems()):
        by_split.setdefault(placed.split, []).append(placed.place)
    return {split: tuple(places) for split, places in by_split.items()}


def _listed(splits: Mapping[str, Rows]) -> str:
    return ", ".join(f"{name} ({len(rows)} rows)" for name, rows in splits.items()) or "none"
