"""The README.md of a merged folder: the models, the recipe, and how to reproduce the merge."""

from __future__ import annotations

from collections.abc import Sequence

import yaml

import mergelab
from mergelab.analysis.health import Health
from mergelab.checkpoints import Checkpoint
from mergelab.checkpoints.files.hub import is_hub_reference
from mergelab.checkpoints.files.phrases import counted
from mergelab.checkpoints.files.safe_paths import is_snapshot
from mergelab.checkpoints.writing.auxiliary_files import code_files
from mergelab.engine import Plan
from mergelab.report.calibration_record import NO_CALIBRATION, CalibrationRecord
from mergelab.report.loading_example import loading_example
from mergelab.runtime import portable

TEMPLATE = """---
{front_matter}---
# Merge of {experts} onto {base}

Made with MergeLab {version}: {title} ({paper}).

| model | weight | content (BLAKE3) |
|---|---|---|
{rows}

Base `{base}` has content {base_hash}. {merged} tensors ({parameters:,} parameters) were merged{averaged}; the rest were copied from
the base. Random seed {seed}. `manifest.json` lists the SHA-256 of every file.

To reproduce these files, bit for bit, from the same models{limit}:

    mergelab merge recipe.yml{flags} --out DIR

```yaml
{recipe}```
{loading}{code}{history}{health}{calibration}{notes}{remarks}{left_out}"""


def model_card(
    plan: Plan,
    remarks: Sequence[str] = (),
    calibration: CalibrationRecord = NO_CALIBRATION,
    health: Health | None = None,
    history: Sequence[str] = (),
) -> str:
    """The model card in Markdown, for a plan that has been run; `remarks` are the sentences logged by its rules,
    `health` what was measured of the result, `history` sentences about runs of the recipe before."""
    recipe = plan.recipe
    rows = [
        f"| {plan.experts[at].name} | {model.weight:g} | {plan.hashes[at][:16]}… |"
        for model, at in zip(recipe.models, plan.listed, strict=True)
    ]
    left_out = [f"- `{key}`: {reason}" for key, reason in plan.compatibility.left_out.items()]
    return TEMPLATE.format(
        front_matter=front_matter(plan.base),
        base=plan.base.name,
        experts=", ".join(expert.model for expert in recipe.models),
        version=mergelab.__version__,
        title=recipe.rule.title,
        paper=recipe.rule.paper,
        rows="\n".join(rows),
        base_hash=plan.base.content_hash()[:16] + "…",
        merged=len(plan.keys),
        parameters=plan.parameters,
        averaged=_averaged(plan),
        seed=recipe.seed,
        recipe=recipe.to_yaml(),
        limit=_limit(plan),
        loading=loading_example(plan),
        code=code_section(plan.base),
        flags=calibration.flags(),
        history=section("Runs of this recipe", [f"- {sentence}" for sentence in history]),
        health=_health(health),
        calibration=section("Calibration examples", calibration.lines()),
        notes=section("Notes", [f"- {note}" for note in plan.compatibility.notes]),
        remarks=section("Remarks", [f"- {remark}" for remark in remarks]),
        left_out=section("Not merged", left_out),
    )


def _health(health: Health | None) -> str:
    return section("Health", [health.verdict, "", *health.lines()]) if health else ""


def _averaged(plan: Plan) -> str:
    """The end of the sentence about merged tensors, for models with running statistics."""
    running = plan.running_statistics
    return f", {counted(running, 'running statistic')} averaged" if running else ""


def _limit(plan: Plan) -> str:
    """The condition for reproducing a merge with calibration statistics, which depend on the processor."""
    if not plan.statistics:
        return ""
    where = "any x86 processor with --portable" if portable.asked() else "a processor with the same instructions"
    return f", on {where}: `manifest.json` has the hashes of the {' and '.join(plan.statistics)} statistics"


def front_matter(base: Checkpoint) -> str:
    """The front matter read by the Hub; it names the base only if that is on the Hub."""
    on_hub = base.folder is not None and is_hub_reference(base.name) and is_snapshot(base.folder)
    named = {"base_model": base.name.split("@")[0]} if on_hub else {}
    return yaml.safe_dump({**named, "tags": ["merge", "mergelab"]}, sort_keys=False)


def code_section(base: Checkpoint) -> str:
    """What loading the model runs, if it has code of its own."""
    names = code_files(base.folder) if base.folder else []
    if not names:
        return ""
    told = f"This model has code of its own, copied from the base and neither read nor run here: {', '.join(names)}."
    return (
        f"\n{told}\ntransformers runs it if you load the model with `trust_remote_code=True`; read it before you do.\n"
    )


def section(title: str, lines: Sequence[str]) -> str:
    """Lines under a title; nothing if there are none."""
    return f"\n{title}:\n\n" + "\n".join(lines) + "\n" if lines else ""
