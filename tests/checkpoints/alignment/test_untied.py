"""Heads that one side ties to its embedding and the other stores."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch
import transformers
from torch import Tensor

from mergelab import merge_state_dicts
from mergelab.checkpoints import Checkpoint, compare, in_memory

WORDS, HEAD = "model.embed_tokens.weight", "lm_head.weight"
SIZES = {"vocab_size": 8, "hidden_size": 4, "intermediate_size": 4, "num_hidden_layers": 1, "num_attention_heads": 2}


def state(words: float, head: float | None) -> dict[str, Tensor]:
    found = {WORDS: torch.full((8, 4), words), "model.norm.weight": torch.ones(4)}
    return found if head is None else {**found, HEAD: torch.full((8, 4), head)}


def llama(name: str, words: float, head: float | None) -> Checkpoint:
    config = transformers.LlamaConfig(**SIZES, tie_word_embeddings=head is None)
    settings = {**json.loads(config.to_json_string()), "architectures": ["LlamaForCausalLM"]}
    return in_memory(name, state(words, head), {**settings, "tie_word_embeddings": head is None})


def test_an_experts_own_head_starts_at_the_bases_embedding_and_unties_the_result() -> None:
    found = compare(llama("base", 1.0, None), [llama("expert", 2.0, 5.0)])
    assert found.problems == () and HEAD in found.mergeable and found.tied == {}
    assert torch.equal(found.base.read(HEAD), torch.full((8, 4), 1.0))
    assert found.base.config["tie_word_embeddings"] is False
    assert any("has a head of its own (lm_head.weight), which the base ties to" in note for note in found.notes)


def test_every_own_head_counts_not_only_the_first() -> None:
    found = compare(llama("base", 1.0, None), [llama("one", 2.0, 5.0), llama("two", 2.0, 7.0)])
    assert [keys[HEAD] for keys in found.expert_keys] == [HEAD, HEAD] and HEAD in found.mergeable


def test_an_own_head_under_a_wrapper_has_its_plain_name_in_the_result() -> None:
    own = llama("own", 2.0, 5.0)
    wrapped = in_memory("own", {f"_orig_mod.{key}": own.read(key) for key in own.specs}, own.config)
    found = compare(llama("base", 1.0, None), [wrapped])
    assert found.expert_keys[0][HEAD] == f"_orig_mod.{HEAD}"


def test_experts_that_stayed_tied_give_their_embedding_as_head() -> None:
    found = compare(llama("base", 1.0, None), [llama("own", 2.0, 5.0), llama("tied", 3.0, None)])
    assert [keys[HEAD] for keys in found.expert_keys] == [HEAD, WORDS]


def test_a_tied_expert_of_an_untied_base_gives_its_embedding_as_head() -> None:
    found = compare(llama("base", 1.0, 4.0), [llama("tied", 3.0, None)])
    assert found.expert_keys[0][HEAD] == WORDS and HEAD in found.mergeable
    assert found.base.config["tie_word_embeddings"] is False


def test_a_head_that_is_stored_twice_but_equal_stays_tied() -> None:
    twice = in_memory("twice", state(2.0, 2.0), llama("x", 1.0, None).config)
    found = compare(llama("base", 1.0, None), [twice])
    assert (
        found.problems == () and HEAD not in found.base.specs and not any("head of its own" in n for n in found.notes)
    )


def test_without_a_config_names_decide() -> None:
    config: dict[str, Any] = {"architectures": ["UnknownForCausalLM"]}
    base = in_memory("base", state(1.0, None), config)
    found = compare(base, [in_memory("expert", state(2.0, 5.0), config)])
    assert HEAD in found.mergeable and torch.equal(found.base.read(HEAD), torch.full((8, 4), 1.0))


def test_a_broken_tie_of_stored_tensors_is_said_and_written_into_the_config() -> None:
    shared = torch.ones(8, 4)
    base = in_memory("base", {WORDS: shared, HEAD: shared, "model.norm.weight": torch.ones(4)})
    found = compare(base, [in_memory("expert", state(2.0, 5.0))])
    assert found.tied == {} and found.base.config["tie_word_embeddings"] is False
    assert any("both are merged, with tie_word_embeddings: false" in note for note in found.notes)


@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_the_merged_head_is_the_bases_embedding_plus_the_scaled_change(scale: float) -> None:
    from mergelab.engine import merged_body, plan, prepare
    from mergelab.recipe import Recipe
    from mergelab.runtime.progress import finish

    recipe = Recipe.from_mapping(
        {"base": "base", "models": ["expert"], "method": {"name": "task_arithmetic", "scale": scale}}
    )
    planned = plan(recipe, llama("base", 1.0, None), [llama("expert", 2.0, 5.0)])
    merged = finish(merged_body(finish(prepare(planned))))
    assert merged[HEAD][0, 0] == 1.0 + scale * 4.0 and merged[WORDS][0, 0] == 1.0 + scale


def test_state_dicts_without_configs_are_left_as_they_are() -> None:
    merged = merge_state_dicts({"method": "average"}, {"a": state(2.0, None)}, state(1.0, None))
    assert merged.keys() == state(1.0, None).keys()
