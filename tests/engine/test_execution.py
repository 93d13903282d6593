"""What the engine does for every method: names, dtypes, copies, refusals, and the identities of a merge."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from tiny_states import NAMES, State, merge, numbers, plan_for, random_state, same_bits, tuned

from mergelab import merge_state_dicts
from mergelab.checkpoints import CheckpointError, in_memory
from mergelab.engine import Merged, MergeError, merged_body, plan, prepare, run, sparse_expert
from mergelab.methods import METHODS
from mergelab.recipe import Recipe, RecipeError
from mergelab.runtime.progress import Progress, finish

SUM = {"name": "task_arithmetic", "scale": 1.0}
BODY = {"embeddings.word_embeddings.weight": (5, 4), "encoder.layer.0.output.dense.bias": (4,)}


def test_without_a_list_of_models_all_take_part() -> None:
    merged = merge_state_dicts({"method": "average"}, {"a": numbers(1.0), "b": numbers(3.0)})
    assert merged["w"].tolist() == [2.0]


def test_a_recipe_may_name_some_of_the_models() -> None:
    models = {"a": numbers(1.0), "b": numbers(3.0), "c": numbers(100.0)}
    assert merge_state_dicts({"method": "average", "models": ["a", "b"]}, models)["w"].tolist() == [2.0]


def test_a_model_that_was_not_given_is_named() -> None:
    with pytest.raises(RecipeError, match="the recipe names 'z', but models holds 'a', 'b'"):
        merge_state_dicts({"method": "average", "models": ["z"]}, {"a": numbers(1.0), "b": numbers(3.0)})


@pytest.mark.parametrize("method", [name for name, rule in METHODS.items() if rule.space == "deltas"])
def test_a_method_on_deltas_needs_a_base(method: str) -> None:
    with pytest.raises(RecipeError, match=f"{method} needs a base: name the model that"):
        merge(method, {"a": numbers(1.0), "b": numbers(3.0)} if METHODS[method].models is None else {"a": numbers(1.0)})


def test_a_sparsifier_needs_a_base_whatever_the_method() -> None:
    with pytest.raises(RecipeError, match="dare needs a base"):
        merge("average", {"a": numbers(1.0), "b": numbers(3.0)}, sparsify="dare")


def test_heads_of_their_own_shape_are_copied_from_the_base_with_the_reason() -> None:
    base = random_state(0, shapes=BODY) | {"classifier.weight": torch.ones(2, 4)}
    models = tuned(base, 2)
    models["b"]["classifier.weight"] = torch.zeros(3, 4)
    steps = finish(prepare(plan_for({"method": "average"}, models, base)))
    found = {merged.key: merged for merged in run(steps)}
    head = found["classifier.weight"]
    assert torch.equal(head.tensor, base["classifier.weight"]) and "head of a different shape (3, 4) in b" in head.note
    assert [found[key].note for key in BODY] == ["", ""]


def test_a_head_that_the_base_has_not_is_left_to_its_task() -> None:
    base = random_state(0, shapes=BODY)
    models = tuned(base, 2)
    models["a"]["classifier.weight"] = torch.ones(2, 4)
    assert merge("average", models, base).keys() == base.keys()


def test_integer_and_boolean_buffers_are_the_bases() -> None:
    base = numbers(0.0) | {"position_ids": torch.arange(3), "mask": torch.tensor([True, False])}
    models = {
        name: numbers(value) | {"position_ids": torch.arange(3), "mask": base["mask"]}
        for name, value in (("a", 1.0), ("b", 3.0))
    }
    merged = merge("average", models, base)
    assert merged["position_ids"].tolist() == [0, 1, 2] and merged["position_ids"].dtype == torch.int64
    assert torch.equal(merged["mask"], base["mask"])


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_a_value_that_is_not_finite_is_named_with_tensor_model_and_count(bad: float) -> None:
    base = random_state(0, shapes=BODY)
    models = tuned(base, 2)
    models["b"]["encoder.layer.0.output.dense.bias"][1:3] = bad
    with pytest.raises(MergeError, match=r"encoder\.layer\.0\.output\.dense\.bias of b holds 2 values that are NaN or"):
        merge("average", models, base)
    with pytest.raises(MergeError, match=r"embeddings\.word_embeddings\.weight of base holds 1 values"):
        broken = {key: value.clone() for key, value in base.items()}
        broken["embeddings.word_embeddings.weight"][0, 0] = bad
        merge("ties", tuned(base, 2), broken)


def test_an_overflow_born_in_the_merge_is_refused_instead_of_stored() -> None:
    base = {"w": torch.zeros(2, dtype=torch.float16)}
    models = {name: {"w": torch.tensor([60_000.0, 1.0]).half()} for name in "ab"}
    with pytest.raises(MergeError, match=r"w of the merged model holds 1 values .* lower the scale, or choose a wider"):
        merge(SUM, models, base)
    assert merge(SUM, models, base, dtype="float32")["w"].tolist() == [120_000.0, 2.0]


@pytest.mark.parametrize("method", [SUM, "ties"])
def test_an_overflow_is_found_in_a_tensor_that_nobody_changed(method: Any) -> None:
    base = {"frozen": torch.tensor([1e6]), "w": torch.zeros(2)}
    models = {"a": {"frozen": torch.tensor([1e6]), "w": torch.ones(2)}}
    with pytest.raises(MergeError, match="frozen of the merged model holds 1 values"):
        merge(method, models, base, dtype="float16")


def test_arithmetic_is_float32_and_rounds_once() -> None:
    """Three deltas of half a unit in the last place vanish one by one in bfloat16, but not in their sum."""
    base = {"w": torch.tensor([1.0], dtype=torch.bfloat16)}
    step = 2.0**-9
    models = {name: {"w": torch.tensor([1 + step])} for name in "abc"}
    merged = merge(SUM, models, base)["w"]
    assert merged.dtype == torch.bfloat16 and float(merged) == float(torch.tensor(1 + 3 * step).bfloat16()) > 1.0


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_the_recipes_dtype_is_that_of_every_merged_tensor_and_of_no_buffer(dtype: str) -> None:
    base = random_state(0) | {"steps": torch.tensor([3])}
    merged = merge("average", tuned(base), base, dtype=dtype)
    kinds = {key: value.dtype for key, value in merged.items()}
    assert kinds.pop("steps") == torch.int64 and set(kinds.values()) == {getattr(torch, dtype)}


def test_each_tensor_keeps_the_bases_dtype_by_default() -> None:
    base = {"w": torch.zeros(1).half(), "v": torch.zeros(1).bfloat16(), "u": torch.zeros(1).double()}
    models = {name: {key: value.float() + 1 for key, value in base.items()} for name in "ab"}
    merged = merge("average", models, base)
    assert {key: value.dtype for key, value in merged.items()} == {key: value.dtype for key, value in base.items()}


def test_tied_tensors_are_merged_once_and_stay_tied() -> None:
    def model(value: float) -> State:
        shared = torch.full((3, 2), value)
        return {"model.embed_tokens.weight": shared, "lm_head.weight": shared, "model.norm.weight": torch.ones(2)}

    merged = merge("average", {"a": model(1.0), "b": model(3.0)}, model(0.0))
    assert merged["lm_head.weight"].tolist() == [[2.0, 2.0]] * 3
    assert merged["lm_head.weight"].data_ptr() == merged["model.embed_tokens.weight"].data_ptr()


def test_experts_saved_with_their_task_wrapper_fit_a_bare_base() -> None:
    base = random_state(0, shapes=BODY)
    plain = tuned(base, 2)
    wrapped = {name: {f"bert.{key}": value for key, value in state.items()} for name, state in plain.items()}
    assert same_bits(merge(SUM, wrapped, base), merge(SUM, plain, base))


def test_a_bare_expert_fits_a_wrapped_base_and_takes_its_names() -> None:
    base = random_state(0, shapes=BODY)
    plain = tuned(base, 2)
    wrapped = {f"bert.{key}": value for key, value in base.items()}
    merged = merge(SUM, plain, wrapped)
    assert same_bits({key.removeprefix("bert."): value for key, value in merged.items()}, merge(SUM, plain, base))


def test_models_that_do_not_fit_are_all_named() -> None:
    base = random_state(0, shapes=BODY)
    models = tuned(base, 2)
    models["a"]["encoder.layer.0.output.dense.bias"] = torch.zeros(7)
    del models["b"]["embeddings.word_embeddings.weight"]
    with pytest.raises(CheckpointError) as refused:
        merge("average", models, base)
    of_a, of_b = str(refused.value).splitlines()
    assert of_a.startswith("a: ") and "(7,)" in of_a and "encoder.layer.0.output.dense.bias" in of_a
    assert of_b.startswith("b: ") and "embeddings.word_embeddings.weight" in of_b


def test_what_is_no_tensor_is_refused() -> None:
    with pytest.raises(CheckpointError, match="'w' of a is a list, but a state dict holds only tensors"):
        merge_state_dicts({"method": "average"}, {"a": {"w": [1.0]}})  # type: ignore[dict-item]


def test_without_a_base_the_first_expert_lends_its_names_and_dtypes() -> None:
    models = {"a": {"w": torch.tensor([1.0]).half()}, "b": {"w": torch.tensor([3.0])}}
    merged = merge("average", models)
    assert merged["w"].dtype == torch.float16 and merged["w"].tolist() == [2.0]


def test_equal_experts_with_different_statistics_are_ordered_by_name() -> None:
    base = random_state(0)
    models = {name: {key: value + 1 for key, value in base.items()} for name in NAMES[:4]}
    models["d"] = {key: value - 1 for key, value in base.items()}
    fishers = {n: {k: v.square() for k, v in random_state(i).items()} for i, n in enumerate(models)}
    results = [
        merge("fisher", {name: models[name] for name in order}, base, statistics={"fisher": fishers})
        for order in ("abcd", "dcba", "bdac")
    ]
    assert same_bits(results[0], results[1]) and same_bits(results[0], results[2])


def test_a_plan_reads_the_first_entries_of_each_tensor_and_hashes_nothing() -> None:
    class Counting:
        def __init__(self, name: str, state: State) -> None:
            self._inner, self.reads, self.hashed = in_memory(name, state), 0, 0

        def __getattr__(self, name: str) -> Any:
            return getattr(self._inner, name)

        def read(self, key: str) -> torch.Tensor:
            self.reads += 1
            return self._inner.read(key)

        def content_hash(self) -> str:
            self.hashed += 1
            return self._inner.content_hash()

    base = random_state(0)
    experts = [Counting(name, state) for name, state in tuned(base).items()]
    recipe = Recipe.from_mapping({"base": "base", "models": list("abc"), "method": SUM})
    planned = plan(recipe, Counting("base", base), experts)
    assert [expert.reads for expert in experts] == [len(base)] * 3, "one look to sort them by content"
    assert planned.parameters == sum(value.numel() for value in base.values())
    finish(merged_body(finish(prepare(planned))))
    assert [expert.reads for expert in experts] == [2 * len(base)] * 3, (
        "a method without surveys reads each tensor once"
    )
    assert sum(expert.hashed for expert in experts) == 0


def test_contents_are_hashed_once_a_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    import mergelab.checkpoints.files.interface as specs

    hashed: list[int] = []
    real = specs.hash_state
    monkeypatch.setattr(specs, "hash_state", lambda state: hashed.append(1) or real(state))
    base = random_state(0)
    merge("average", tuned(base, 3), base, sparsify="dare")
    assert len(hashed) == 3


def test_every_tensor_can_be_merged_by_itself_in_any_order() -> None:
    base = random_state(0)
    prepared = finish(prepare(plan_for({"method": "ties", "sparsify": "dare"}, tuned(base), base)))
    forward = {merged.key: merged.tensor for merged in run(prepared)}
    from mergelab.engine import merge_tensor

    backward = {key: merge_tensor(prepared, key) for key in reversed(prepared.plan.keys)}
    assert same_bits(forward, {key: backward[key] for key in forward})


def test_surveys_and_the_merge_report_progress_at_every_tensor() -> None:
    base = random_state(0)
    reported: list[Progress] = []
    prepared = finish(prepare(plan_for({"method": "ties"}, tuned(base), base)), reported.append)
    surveyed = len(reported)
    body = finish(merged_body(prepared), reported.append)
    assert surveyed == 3 * len(base), "two passes for the thresholds, one for the majority"
    assert [step.done for step in reported[surveyed:]] == list(range(1, len(base) + 1))
    assert all(0 < step.done <= step.total for step in reported)
    assert list(body) == sorted(base)


def test_a_copied_tensor_is_a_copy() -> None:
    base = numbers(0.0) | {"steps": torch.tensor([3])}
    prepared = finish(prepare(plan_for({"method": "average"}, {"a": base}, base)))
    copied = next(merged for merged in run(prepared) if merged.key == "steps")
    assert isinstance(copied, Merged) and copied.tensor.data_ptr() != base["steps"].data_ptr()


def test_a_sparsified_expert_is_a_whole_model_in_the_bases_keys() -> None:
    base = random_state(0, shapes=BODY) | {"steps": torch.tensor([3])}
    models = tuned(base, 2)
    prepared = finish(
        prepare(plan_for({"method": "average", "sparsify": {"name": "trim", "density": 1.0}}, models, base))
    )
    for place, expert in enumerate(prepared.plan.experts):
        body = finish(sparse_expert(prepared, place))
        assert list(body) == sorted(base) and body["steps"].tolist() == [3]
        assert all(torch.allclose(body[key], models[expert.name][key]) for key in BODY)


def test_dare_at_density_one_is_no_step_at_all() -> None:
    base = random_state(0)
    models = tuned(base)
    for method in (SUM, {"name": "ties", "density": 0.3}):
        full = merge(method, models, base, sparsify={"name": "dare", "density": 1.0})
        assert same_bits(full, merge(method, models, base))


def test_an_override_that_matches_no_tensor_is_refused() -> None:
    base = random_state(0, shapes={"layers.0.w": (3,), "layers.1.w": (3,)})
    overrides = [{"match": "blocks", "scale": 0.5}, {"match": "layers", "scale": 0.5}]
    with pytest.raises(
        RecipeError, match=r"'blocks' matches no merged tensor; they are called layers\.0\.w … layers\.1"
    ):
        merge(SUM, tuned(base), base, overrides=overrides)


def test_a_ramp_runs_from_the_first_layer_to_the_last() -> None:
    base = {f"layers.{number}.w": torch.zeros(1) for number in range(3)} | {"embed": torch.zeros(1)}
    expert = {key: torch.ones(1) for key in base}
    merged = merge(SUM, {"a": expert}, base, overrides=[{"match": ".*", "scale": [0.5, 1.5]}])
    assert {key: float(value) for key, value in merged.items()} == {
        "embed": 0.5,
        "layers.0.w": 0.5,
        "layers.1.w": 1.0,
        "layers.2.w": 1.5,
    }


def test_depth_scale_acts_on_the_change_of_any_method() -> None:
    base = {f"layers.{number}.w": torch.tensor([2.0]) for number in range(2)}
    expert = {key: torch.tensor([4.0]) for key in base}
    for method in ("average", {"name": "task_arithmetic", "scale": 1.0}):
        merged = merge(method, {"a": expert}, base, depth_scale=[0.0, 0.5])
        assert [float(value) for value in merged.values()] == [2.0, 3.0]


def test_matching_norms_brings_every_delta_to_the_mean_norm() -> None:
    base = {"w": torch.zeros(2), "v": torch.zeros(2)}
    models = {
        "a": {"w": torch.tensor([3.0, 0.0]), "v": torch.tensor([0.0, 4.0])},
        "b": {"w": torch.tensor([0.0, 1.0]), "v": torch.tensor([0.0, 0.0])},
    }
    by_tensor = merge(SUM, models, base, match_norms="tensor")
    assert by_tensor["w"].tolist() == [2.0, 2.0] and by_tensor["v"].tolist() == [0.0, 4.0]
    by_model = merge(SUM, models, base, match_norms="model")
    assert torch.allclose(by_model["w"], torch.tensor([1.8, 3.0])) and torch.allclose(
        by_model["v"], torch.tensor([0.0, 2.4])
    )


def test_an_expert_may_have_a_density_of_its_own() -> None:
    base = {"w": torch.zeros(4)}
    expert = {"w": torch.tensor([4.0, 3.0, 2.0, 1.0])}
    models = {"a": expert, "b": {"w": -0.1 * expert["w"]}}
    entries = [{"model": "a", "density": 0.25}, {"model": "b", "density": 0.5}]
    merged = merge_state_dicts({"models": entries, "method": {"name": "ties", "scope": "tensor"}}, models, base)
    assert merged["w"].tolist() == pytest.approx([4.0, -0.3, 0.0, 0.0])
