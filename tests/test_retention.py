"""What is kept, by tensor and by mass, against the deltas that a merge at the same settings keeps."""

from __future__ import annotations

from typing import Any

import numpy
import pytest
import torch
from tiny_states import plan_for, random_state, tuned

from mergelab.engine import kept_deltas, settle
from mergelab.methods.ops.elementwise import rows
from mergelab.recipe import Recipe
from mergelab.retention import retained_l1, tensor_densities
from mergelab.runtime.progress import finish
from mergelab.sketch import Sketch, draw_sketch, ranked
from mergelab.spread import norm_spread

SHAPES = {"encoder.layer.0.w": (90, 80), "encoder.layer.1.w": (70, 60), "encoder.layer.1.v": (50,), "frozen": (9,)}


def models() -> tuple[dict[str, Any], dict[str, Any]]:
    base = random_state(0, shapes=SHAPES)
    made = tuned(base, 3)
    made["b"]["encoder.layer.1.w"] = base["encoder.layer.1.w"] + 4 * (
        made["b"]["encoder.layer.1.w"] - base["encoder.layer.1.w"]
    )
    return base, made


def drawn(recipe: dict[str, Any]) -> tuple[Sketch, Recipe, dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """The sketch, and what a merge keeps and is offered of each tensor, in the recipe's order of experts."""
    base, made = models()
    planned = plan_for(recipe, made, base)
    settled, order = finish(settle(planned)), list(numpy.argsort(planned.positions))
    kept = {key: rows(kept_deltas(settled, key))[order] for key in planned.keys}
    offered = {key: ranked(settled, key)[order] for key in planned.keys}
    return finish(draw_sketch(planned)), planned.recipe, kept, offered


@pytest.mark.parametrize("scope", ["model", "tensor"])
def test_density_of_each_tensor_under_either_kind_of_threshold(scope: str) -> None:
    sketch, recipe, kept, _ = drawn({"method": {"name": "ties", "density": 0.2, "scope": scope}})
    expected = [(kept[key] != 0).double().mean(1).tolist() for key in sketch.keys]
    for found in (tensor_densities(sketch, recipe), tensor_densities(sketch, recipe, scope)):
        assert found == pytest.approx(numpy.array(expected), abs=0.02)
    other = tensor_densities(sketch, recipe, {"model": "tensor", "tensor": "model"}[scope])
    assert numpy.abs(other - numpy.array(expected)).max() > 0.1


@pytest.mark.parametrize("sparsify", [None, "dare", {"name": "della", "rescale": "none"}])
def test_retained_mass_is_that_of_what_is_kept(sparsify: Any) -> None:
    method = "average" if sparsify else {"name": "ties", "density": 0.2}
    sketch, recipe, kept, offered = drawn({"method": method, **({"sparsify": sparsify} if sparsify else {})})
    masks = [torch.cat([kept[key] for key in sketch.keys], 1) != 0, torch.cat([offered[key] for key in sketch.keys], 1)]
    expected = (masks[1].abs() * masks[0]).sum(1) / masks[1].abs().sum(1)
    assert retained_l1(sketch, recipe) == pytest.approx(expected.numpy(), abs=0.01)
    only = sketch.keys.index("encoder.layer.1.w")
    own = (offered["encoder.layer.1.w"].abs() * (kept["encoder.layer.1.w"] != 0)).sum(1)
    assert retained_l1(sketch, recipe, [only]) == pytest.approx(
        (own / offered["encoder.layer.1.w"].abs().sum(1)).numpy(), abs=0.01
    )


def test_nothing_is_said_of_settings_that_the_sketch_was_not_drawn_for() -> None:
    sketch, *_ = drawn({"method": "ties"})
    other = Recipe.from_mapping({"base": "base", "models": list("abc"), "method": "average", "sparsify": "dare"})
    assert numpy.isnan(retained_l1(sketch, other)).all() and numpy.isnan(tensor_densities(sketch, other)).all()
    frozen = sketch.keys.index("frozen")
    same = Recipe.from_mapping({"base": "base", "models": list("abc"), "method": "ties"})
    assert numpy.isnan(retained_l1(sketch, same, [frozen])).all()


def test_survivors_that_were_rescaled_do_not_tell_what_was_retained() -> None:
    overrides = [{"match": "layer.0", "sparsify.density": 0.9}]
    for rescale, known in (("none", True), ("inverse", False)):
        given = {"method": "average", "sparsify": {"name": "dare", "density": 0.4, "rescale": rescale}}
        sketch, recipe, _, _ = drawn({**given, "overrides": overrides})
        assert numpy.isnan(retained_l1(sketch, recipe)).any() != known


def test_norms_are_compared_layer_by_layer() -> None:
    sketch, _, _, offered = drawn({"method": "ties"})
    found = norm_spread(sketch).set_index("layer")
    for layer in dict.fromkeys(sketch.layers):
        keys = [key for key, own in zip(sketch.keys, sketch.layers, strict=True) if own == layer]
        norms = torch.cat([offered[key] for key in keys], 1).double().norm(dim=1)
        if norms.any():
            assert found.spread[layer] == pytest.approx(float(norms.max() / norms.min()), rel=1e-5)
            assert found.largest[layer] == sketch.experts[int(norms.argmax())]
            assert found.smallest[layer] == sketch.experts[int(norms.argmin())]
    assert found.largest["1"] == "b" and found.spread["1"] > 3
    assert found.spread.isna().sum() == 1  # the layer of what nobody changed


def test_a_layer_that_one_expert_leaves_alone_has_no_bound() -> None:
    base, made = models()
    made["a"]["encoder.layer.0.w"] = base["encoder.layer.0.w"].clone()
    found = norm_spread(finish(draw_sketch(plan_for({"method": "ties"}, made, base)))).set_index("layer")
    assert numpy.isinf(found.spread["0"]) and found.smallest["0"] == "a"
