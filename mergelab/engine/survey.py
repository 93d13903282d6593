"""Runs the statistics passes over the model; afterwards each tensor can be merged independently."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mergelab.engine.findings import Findings
from mergelab.engine.planning.key_groups import KeyGroup, key_groups
from mergelab.engine.planning.pipeline import PipelineStep
from mergelab.engine.planning.plan import Plan
from mergelab.engine.prepared_merge import PreparedMerge
from mergelab.engine.tensor_job import TensorJob
from mergelab.engine.threads import in_order
from mergelab.methods.ops.stack import KernelUnsupportedError
from mergelab.methods.registry import Survey
from mergelab.runtime.progress import Progress, ProgressGen


def prepare(plan: Plan, device: str = "cpu") -> ProgressGen[PreparedMerge]:
    """Run all surveys that the recipe's rules ask for."""
    return (yield from prepare_method((yield from prepare_steps(plan, device))))


def prepare_steps(plan: Plan, device: str = "cpu") -> ProgressGen[PreparedMerge]:
    """Run the surveys of the steps before the method: enough for sparse deltas, before the method's statistics exist."""
    prepared = PreparedMerge.unsurveyed(plan, device)
    for step in prepared.steps:
        prepared = yield from _run_survey(prepared, step.owner)
    return prepared


def prepare_method(prepared: PreparedMerge) -> ProgressGen[PreparedMerge]:
    """Run the surveys of the method, after those of the steps before it."""
    return (yield from _run_survey(prepared, "method"))


def _run_survey(prepared: PreparedMerge, owner: str) -> ProgressGen[PreparedMerge]:
    """The merge with the findings of one step. Each of its surveys sees the figures of those declared before it."""
    for name in prepared.step(owner).model_statistics if prepared.plan.keys else ():
        findings = yield from _findings(prepared, prepared.step(owner), name)
        prepared = prepared.with_findings(owner, findings)
    return prepared


def _findings(prepared: PreparedMerge, step: PipelineStep, name: str) -> ProgressGen[Findings]:
    """The step's findings, extended by one survey; a survey per tensor waits until its tensor is merged."""
    keys, findings = prepared.plan.keys, step.findings
    survey = step.model_statistics[name].start(len(prepared.plan.experts), [step.knobs(key) for key in keys])
    if survey.scope == "tensor":
        return replace(findings, per_tensor=(*findings.per_tensor, name))
    idle = yield from _SurveyPasses(prepared, step, survey, set(findings.idle)).run()
    return replace(findings, model_wide={**findings.model_wide, name: survey}, idle=frozenset(idle))


@dataclass
class _SurveyPasses:
    """The passes of one survey over the model. `idle` collects the tensors that no expert moves: later passes skip them."""

    prepared: PreparedMerge
    step: PipelineStep
    survey: Survey
    idle: set[str]

    def run(self) -> ProgressGen[set[str]]:
        """All passes; returns the idle tensors."""
        groups = key_groups(self.prepared, self.step) if self.survey.passes else []
        while self.survey.passes:
            yield from self._one_pass(groups)
            self.survey.finish_pass()
        return self.idle

    def _one_pass(self, groups: list[KeyGroup]) -> ProgressGen[None]:
        seen, count = 0, len(self.prepared.plan.keys)
        shown = in_order(self._show_group, groups, self.prepared.schedule.threads, lambda _: 0)
        for group, _ in zip(groups, shown, strict=True):
            seen += len(group)
            yield Progress(f"Surveying for {self.step.rule.title}", seen, count, group[-1])

    def _show_group(self, group: KeyGroup) -> None:
        """Show the survey one tensor, or several small ones as one stack."""
        keys = tuple(key for key in group if key not in self.idle)
        if len(keys) > 1 and self._show_together(keys):
            return
        for key in keys:
            job = TensorJob.of(self.prepared, self.step, key)
            if job.idle or not job.show(self.survey):
                self.idle.add(key)

    def _show_together(self, keys: KeyGroup) -> bool:
        """Show small tensors as one stack; returns whether a kernel could read it."""
        stack = TensorJob.of(self.prepared, self.step, keys[0]).group_stack(keys)
        try:
            self.survey.update(stack)
        except KernelUnsupportedError:
            return False
        if self.step.rule.space == "deltas":
            self.idle.update(key for key, moved in stack.moved().items() if not moved)
        return True
