"""The sidebar: its widgets, from top to bottom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from mergelab.evaluation.scoring import QUICK_ROWS
from mergelab.evaluation.tasks.own.description import NAMES
from mergelab.evaluation.tasks.tables.records import ENDINGS
from mergelab.methods import METHODS
from mergelab.methods.sparsifiers import SPARSIFIERS
from mergelab.recipe import DTYPE, SEED, Recipe
from mergelab.recipe.file_choices import BASE, FILE_CHOICES, UNION
from mergelab.recipe.recipe import DEPTH_SCALE, MATCH_NORMS
from mergelab.runtime.devices import DEVICES
from mergelab.ui.form import sidebar_values as names
from mergelab.ui.form.examples import FIRST, presets, starting_points
from mergelab.ui.form.form import MOST_EXPERTS, NO_SPARSIFIER, Models, all_knobs, weight_id
from mergelab.ui.form.labels import title_of, value_of
from mergelab.ui.form.method_list import method_choices
from mergelab.ui.page.sidebar.knob_widgets import KnobGroup, Widget, knob_group, slices_group, weight_slider

PRESET, WEIGHTS_BOX, FILES_BOX, ADVANCED_BOX = "preset", "weights", "files", "advanced"
OWN_BASE, OWN_EXPERTS, OWN_TASKS, USE_OWN = "own-base", "own-experts", "own-tasks", "use-own"
UPLOAD_TASKS, LOOK_AT_TASKS = "upload-tasks", "look-at-tasks"
OWN_FIELDS = (OWN_BASE, OWN_EXPERTS, OWN_TASKS)
"""What a person types of models and task sets of their own."""
MERGE, STOP = "merge", "stop"
Named = dict[str, Widget]
"""Widgets by name, which is their elem_id."""


@dataclass(frozen=True)
class Sidebar:
    """Every widget of the sidebar by name, and the groups of knobs."""

    widgets: Mapping[str, Widget]
    groups: tuple[KnobGroup, ...]

    @property
    def values(self) -> dict[str, Any]:
        """What the widgets that make a form hold when the page opens, by name."""
        held = {name: self.widgets[name].value for name in (*names.CHOICES, *self.turning)}
        return {**held, **dict.fromkeys(names.WITHOUT_WIDGETS, "")}

    @property
    def knobs(self) -> list[str]:
        """The names of the widgets of weights and knobs."""
        weights = [weight_id(place) for place in range(MOST_EXPERTS)]
        return [*weights, *(place.elem_id for place in all_knobs())]

    @property
    def turning(self) -> list[str]:
        """The names of the widgets that change nothing else on the sidebar."""
        return [*names.SETTINGS, *self.knobs]

    @property
    def outputs(self) -> list[str]:
        """The names of the widgets that a new form may change."""
        columns = [str(group.column.elem_id) for group in self.groups]
        chosen = [PRESET, names.SOURCE, names.EXPERTS, names.METHOD, names.SPARSIFIER, names.SEED, names.DTYPE]
        return [*chosen, names.SLICES, WEIGHTS_BOX, *names.WHOLE_MERGE, *FILE_CHOICES, *columns, *self.knobs]


def sidebar(suites: Mapping[str, str], models: Models, device: str) -> Sidebar:
    """Lay out the sidebar for the suites (name to title), opening on the first with all its experts."""
    start = presets()[FIRST].recipe
    widgets = {**_models(suites, models), **_own_models(), **_sparsifiers(start)}
    groups = [knob_group("sparsify", rule, False) for rule in SPARSIFIERS.values()]
    widgets |= _methods(start)
    groups += [knob_group("method", rule, rule.name == start.method.name) for rule in METHODS.values()]
    groups.append(slices_group(models))
    widgets |= {**_weights(models, start), **_advanced(), **_run_settings(device), **_actions()}
    for group in groups:
        widgets |= {str(group.column.elem_id): group.column, **group.widgets}
    return Sidebar(widgets, tuple(groups))


def _models(suites: Mapping[str, str], models: Models) -> Named:
    starts = [(start.title, start.name) for start in starting_points()]
    titles = [(title, name) for name, title in suites.items()]
    experts = [(title, name) for name, title in models.titles.items()]
    with gr.Row(elem_id="start"):
        preset = _list(starts, FIRST, "Preset", PRESET)
        source = _list(titles, models.base, "Model suite", names.SOURCE)
    label = "Fine-tuned models (“experts”)"
    ticked = gr.CheckboxGroup(experts, value=list(models.titles), label=label, elem_id=names.EXPERTS)
    return {PRESET: preset, names.SOURCE: source, names.EXPERTS: ticked}


def file_options(field: str, experts: Mapping[str, str]) -> list[tuple[str, str]]:
    """The choices of a file, as title and value in a recipe; `experts` are the chosen ones, from reference to title."""
    if field != "tokenizer":
        return [("the base’s", ""), *((title, reference) for reference, title in experts.items())]
    general = [
        ("the base’s, if all agree", ""),
        ("the base’s, matched by token", BASE),
        ("every token of any model", UNION),
    ]
    return [*general, *((title, reference) for reference, title in experts.items())]


def _in_words(field: str, options: Iterable[str]) -> list[tuple[str, str]]:
    return [(value_of(field, option), option) for option in options]


def _list(choices: list[Any], value: Any, label: str, name: str, info: str | None = None) -> Widget:
    return gr.Dropdown(choices, value=value, label=label, info=info, elem_id=name, filterable=False)


def _own_models() -> Named:
    with gr.Accordion("Your own models", open=False, elem_id="own"):
        places = "/path/to/folder  or  owner/name@revision", "/path/to/first\nowner/second"
        base = gr.Textbox(label="Base", placeholder=places[0], elem_id=OWN_BASE, max_lines=1)
        experts = gr.Textbox(label="Experts, one per line", placeholder=places[1], lines=3, elem_id=OWN_EXPERTS)
        about = "A table of examples, or a folder with task.yml. The expert whose labels match answers them; "
        tasks = gr.Textbox(
            label="Task sets to score on, one per line (optional)",
            info=f"{about}write EXPERT=TASK to choose it. Or upload tables, with their task.yml if there is one.",
            placeholder="/path/to/rows.csv\n/path/to/first=/path/to/questions.jsonl",
            lines=2,
            elem_id=OWN_TASKS,
        )
        with gr.Row(elem_id="own-task-actions"):
            upload = gr.UploadButton(
                "Upload task sets",
                file_count="multiple",
                file_types=[*ENDINGS, *(Path(name).suffix for name in NAMES)],
                size="sm",
                elem_id=UPLOAD_TASKS,
            )
            look = gr.Button("Look at task sets", size="sm", elem_id=LOOK_AT_TASKS)
        use = gr.Button("Use these models", size="sm", elem_id=USE_OWN)
    fields = {OWN_BASE: base, OWN_EXPERTS: experts, OWN_TASKS: tasks}
    return {**fields, UPLOAD_TASKS: upload, LOOK_AT_TASKS: look, USE_OWN: use}


def _sparsifiers(start: Recipe) -> Named:
    made = gr.Radio(
        [("None", NO_SPARSIFIER), *((rule.title, name) for name, rule in SPARSIFIERS.items())],
        value=start.sparsify.name if start.sparsify else NO_SPARSIFIER,
        label="Sparsify first (optional)",
        elem_id=names.SPARSIFIER,
        elem_classes="pills",
    )
    return {names.SPARSIFIER: made}


def _methods(start: Recipe) -> Named:
    entries = [(entry.title, entry.name) for entry in method_choices()]
    return {names.METHOD: _list(entries, start.method.name, "Method", names.METHOD)}


def _weights(models: Models, start: Recipe) -> Named:
    with gr.Accordion("Expert weights", open=False, elem_id=WEIGHTS_BOX) as box:
        rule = METHODS[start.method.name]
        sliders = {weight_id(place): weight_slider(place, models, rule) for place in range(MOST_EXPERTS)}
    return {WEIGHTS_BOX: box, **sliders}


def _advanced() -> Named:
    """What applies to the whole merge. The page's script adds the curve of the depth scale to its heading."""
    heading = f'<span data-testid="block-info">Depth scale</span><div class="info">{DEPTH_SCALE.help}</div>'
    patterns = "One regular expression per line. It may match any part of a tensor’s name."
    with gr.Accordion("Advanced merge settings", open=False, elem_id=ADVANCED_BOX):
        norms = gr.Radio(
            _in_words("match_norms", MATCH_NORMS.options),
            value="none",
            label="Match norms",
            info=MATCH_NORMS.help,
            elem_id=names.MATCH_NORMS,
            elem_classes="pills",
        )
        gr.HTML(heading, elem_id=names.DEPTH_SCALE)
        fields = {
            name: gr.Textbox(label=label, info=patterns, placeholder=example, lines=2, elem_id=name)
            for name, label, example in (
                ("include", "Merge only these tensors", "language_model"),
                ("exclude", "Keep these tensors from the base", "embed|norm"),
            )
        }
    return {names.MATCH_NORMS: norms, **fields}


def _run_settings(device: str) -> Named:
    amounts = [("50", 50), (str(QUICK_ROWS), QUICK_ROWS), ("500", 500), ("all", 0)]
    fewer = "Fewer is faster but noisier. Test scoring always uses every test example."
    with gr.Accordion("Run settings", open=False, elem_id="more"):
        seed = gr.Number(0, label="Seed", info=SEED.help, precision=0, minimum=SEED.low, elem_id=names.SEED)
        dtype = _list(_in_words("dtype", DTYPE.options), "base", "Number format", names.DTYPE, DTYPE.help)
        where = gr.Radio(
            list(DEVICES),
            value=device,
            label="Device",
            info="auto uses the GPU if there is one.",
            elem_id=names.DEVICE,
            elem_classes="pills",
        )
        rows = _list(amounts, QUICK_ROWS, "Validation examples per task", names.ROWS, fewer)
    with gr.Accordion("Tokenizer and other files", open=False, elem_id=FILES_BOX) as files:
        chosen = {
            name: _list(file_options(name, {}), "", title_of(name), name, told) for name, told in FILE_CHOICES.items()
        }
    about = "Re-merge and re-score after every change (small models only)"
    live = gr.Checkbox(True, label="Live scores", info=about, elem_id=names.LIVE)
    run = {names.SEED: seed, names.DTYPE: dtype, names.DEVICE: where, names.ROWS: rows, names.LIVE: live}
    return {**run, FILES_BOX: files, **chosen}


def _actions() -> Named:
    with gr.Row(elem_id="actions"):
        merge = gr.Button("Merge", variant="primary", elem_id=MERGE)
        stop = gr.Button("Stop", elem_id=STOP)
    return {MERGE: merge, STOP: stop}
