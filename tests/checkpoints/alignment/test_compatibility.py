from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from mergelab.checkpoints import Checkpoint, CheckpointError, Compatibility, compare, in_memory, open_folder
from mergelab.recipe.tensor_selection import TensorSelection

Make = Callable[..., Path]
Body = Callable[..., dict[str, Tensor]]
QUERY = "encoder.layer.0.attention.self.query.weight"
BIAS = "encoder.layer.0.output.dense.bias"


def sentences(found: Compatibility) -> str:
    return "\n".join(problem.sentence for problem in found.problems)


def test_experts_of_one_base_merge_every_tensor(body: Body) -> None:
    found = compare(in_memory("base", body()), [in_memory("one", body(seed=1)), in_memory("two", body(seed=2))])

    assert found.problems == ()
    assert found.mergeable == tuple(sorted(body()))
    assert found.left_out == found.tied == {}
    assert found.expert_keys == ({key: key for key in body()},) * 2
    found.raise_if_refused()


def test_an_expert_with_a_task_wrapper_is_aligned_and_keeps_its_head(body: Body) -> None:
    expert = in_memory("movie", body("bert.") | {"classifier.weight": torch.ones(2, 4)})

    found = compare(in_memory("base", body()), [expert])

    assert found.problems == ()
    assert found.expert_keys[0][QUERY] == f"bert.{QUERY}"
    assert found.notes == (
        "keys of movie carry the prefix 'bert.' that the base does not have",
        "movie has 1 tensor that the base lacks, kept with its task (classifier.weight)",
    )


def test_a_wrapped_base_takes_bare_experts_and_keeps_its_own_head(body: Body) -> None:
    base = in_memory("base", body("bert.") | {"cls.predictions.bias": torch.ones(5)})

    found = compare(base, [in_memory("bare", body())])

    assert found.problems == ()
    assert found.expert_keys[0][f"bert.{QUERY}"] == QUERY
    assert found.left_out == {"cls.predictions.bias": "missing in bare: copied from the base"}
    assert found.notes[0] == "keys of the base carry the prefix 'bert.', which those of bare lack"


def test_a_head_of_another_shape_is_left_out_with_the_reason(body: Body) -> None:
    base = in_memory("base", body("bert.") | {"classifier.weight": torch.ones(2, 4)})
    expert = in_memory("digits", body("bert.") | {"classifier.weight": torch.ones(10, 4)})

    found = compare(base, [expert])

    assert found.problems == ()
    assert found.left_out == {"classifier.weight": "head of a different shape (10, 4) in digits: stays with its task"}


@pytest.mark.parametrize(("labels", "merged"), [({"0": "bad", "1": "good"}, True), ({"0": "cat", "1": "dog"}, False)])
def test_a_head_of_one_shape_is_merged_only_for_the_same_labels(
    body: Body, labels: dict[str, str], merged: bool
) -> None:
    state = body("bert.") | {"classifier.weight": torch.ones(2, 4)}
    base = in_memory("base", state, {"id2label": {"0": "bad", "1": "good"}})

    found = compare(base, [in_memory("expert", state, {"id2label": labels})])

    assert ("classifier.weight" in found.mergeable) == merged
    assert merged or found.left_out["classifier.weight"] == "head for different labels in expert: stays with its task"


def test_every_problem_is_reported_at_once(body: Body) -> None:
    config = {"model_type": "bert", "num_hidden_layers": 1, "hidden_size": 4, "vocab_size": 5}
    first = {key: value for key, value in body().items() if key != BIAS}
    second = body() | {QUERY: torch.ones(4, 6), "encoder.layer.1.output.dense.bias": torch.ones(4)}
    experts = [
        in_memory("first", first, {**config, "model_type": "roberta", "vocab_size": 6}),
        in_memory("second", second, {**config, "num_hidden_layers": 2, "hidden_size": 6}),
    ]

    found = compare(in_memory("base", body(), config), experts)

    for part in (
        "first: its architecture is roberta, but that of the base base is bert",
        f"first: it lacks 1 tensor of the base's body ({BIAS})",
        "second: its depth is 2, but that of the base base is 1",
        "second: its width is 6",
        f"second: it has 1 tensor of shape (4, 6) where the base has (4, 4) ({QUERY})",
        "second: its layers have 1 tensor that the base lacks (encoder.layer.1.output.dense.bias)",
    ):
        assert part in sentences(found)
    assert len(found.problems) == 6
    with pytest.raises(CheckpointError, match=r"first: its architecture(.|\n)*second: its depth"):
        found.raise_if_refused()


def test_a_model_of_three_layers_is_refused_for_a_base_of_six(tmp_path: Path, make: Make, body: Body) -> None:
    config = {"model_type": "bert", "hidden_size": 384, "vocab_size": 30522, "num_attention_heads": 12}
    base = open_folder(make(tmp_path / "l6", body(layers=6), {**config, "num_hidden_layers": 6}), "L6")
    expert = open_folder(make(tmp_path / "l3", body(layers=3), {**config, "num_hidden_layers": 3}), "L3")

    found = compare(base, [expert])

    assert "L3: its depth is 3, but that of the base L6 is 6; choose an expert" in sentences(found)
    assert "it lacks 6 tensors of the base's body (encoder.layer.3." in sentences(found)


def test_other_tokens_under_the_same_ids_are_refused(tmp_path: Path, make: Make) -> None:
    base = open_folder(make(tmp_path / "a", vocab_txt="[PAD]\nthe\na\n"), "base")
    expert = open_folder(make(tmp_path / "b", vocab_txt="[PAD]\na\nthe\n"), "expert")
    found = compare(base, [expert])
    assert sentences(found).startswith("expert: 2 tokens differ between its vocabulary and the base's ('the' has id 1")
    assert "`tokenizer: union`" in found.problems[0].next_step


def test_without_experts_there_is_nothing_to_merge(body: Body) -> None:
    found = compare(in_memory("base", body()), [])
    assert sentences(found) == "base: there is no expert to merge onto it; add at least one expert."


def test_models_with_nothing_in_common_are_refused() -> None:
    found = compare(in_memory("base", {"a.weight": torch.ones(2)}), [in_memory("b", {"z.weight": torch.ones(2)})])
    assert "b: it lacks 1 tensor of the base's body (a.weight)" in sentences(found)
    only_heads = compare(in_memory("base", {"score.weight": torch.ones(2)}), [in_memory("b", {"x": torch.ones(2)})])
    assert "none of its tensors can be merged" in sentences(only_heads)


def test_integer_buffers_are_copied_and_must_agree(body: Body) -> None:
    ids = {"embeddings.position_ids": torch.arange(3)}
    same = compare(in_memory("base", body() | ids), [in_memory("same", body() | ids), in_memory("none", body())])
    assert same.problems == ()
    assert same.left_out == {"embeddings.position_ids": "a buffer (int64), not a weight: copied from the base"}
    assert not any("differs" in note for note in same.notes)

    other = compare(
        in_memory("base", body() | ids), [in_memory("o", body() | {"embeddings.position_ids": torch.ones(3)})]
    )
    assert "buffer embeddings.position_ids of o differs from the base's, which is kept" in other.notes


def test_a_missing_pooler_is_no_reason_to_refuse(body: Body) -> None:
    base = in_memory("base", body() | {"pooler.dense.weight": torch.ones(4, 4)})
    found = compare(base, [in_memory("tagger", body("bert."))])
    assert found.problems == ()
    assert found.left_out == {"pooler.dense.weight": "missing in tagger: copied from the base"}


def test_stored_rotary_frequencies_of_one_side_are_no_problem() -> None:
    state = {"model.layers.0.self_attn.q_proj.weight": torch.ones(2, 2)}
    old = state | {"model.layers.0.self_attn.rotary_emb.inv_freq": torch.ones(1)}
    assert compare(in_memory("base", state), [in_memory("old", old)]).problems == ()
    found = compare(in_memory("old", old), [in_memory("new", state)])
    assert found.problems == ()
    assert found.mergeable == tuple(state)


def test_mixed_float_dtypes_are_fine_and_noted(body: Body) -> None:
    expert = {key: value.bfloat16() for key, value in body().items()}
    found = compare(in_memory("base", body()), [in_memory("expert", expert)])
    assert found.problems == ()
    assert found.notes == ("expert stores bfloat16 where the base stores float32",)


@pytest.mark.parametrize(
    ("weight", "config", "part"),
    [
        (torch.ones(4, 4).to(torch.float8_e4m3fn), {}, "expert: it stores 1 tensor as 8-bit floats"),
        (torch.ones(4, 4, dtype=torch.int8), {}, "expert: it does not store 1 weight as floats"),
        (torch.ones(4, 4, dtype=torch.complex64), {}, "expert: it does not store 1 weight as floats"),
        (torch.ones(4, 4), {"quantization_config": {"bits": 4}}, "expert: its weights are quantised"),
    ],
)
def test_weights_that_are_not_plain_floats_are_refused(
    body: Body, weight: Tensor, config: dict[str, Any], part: str
) -> None:
    found = compare(in_memory("base", body()), [in_memory("expert", body() | {QUERY: weight}, config)])
    assert part in sentences(found)
    assert "plain float weights" in sentences(found)


def test_an_fp8_base_is_refused_and_its_tensor_left_out(body: Body) -> None:
    base = in_memory("base", body() | {QUERY: torch.ones(4, 4).to(torch.float8_e5m2)})
    found = compare(base, [in_memory("expert", body())])
    assert "base: it stores 1 tensor as 8-bit floats" in sentences(found)
    assert QUERY in found.left_out


def tied(body: Body) -> dict[str, Tensor]:
    words = torch.randn(5, 4)
    return {**body("bert."), "bert.embeddings.word_embeddings.weight": words, "cls.predictions.decoder.weight": words}


def test_tied_tensors_are_merged_once(body: Body) -> None:
    found = compare(in_memory("base", tied(body)), [in_memory("expert", tied(body))])
    assert found.tied == {"cls.predictions.decoder.weight": "bert.embeddings.word_embeddings.weight"}
    assert "cls.predictions.decoder.weight" not in found.mergeable
    assert "cls.predictions.decoder.weight" not in found.left_out
    assert any("merged once" in note for note in found.notes)


def test_an_expert_may_leave_out_the_second_name_of_a_tied_tensor(body: Body) -> None:
    expert = tied(body)
    del expert["cls.predictions.decoder.weight"]
    found = compare(in_memory("base", tied(body)), [in_memory("expert", expert)])
    assert found.problems == ()
    assert list(found.tied) == ["cls.predictions.decoder.weight"]


def test_a_tie_that_an_expert_broke_is_two_tensors(body: Body) -> None:
    expert = tied(body)
    expert["cls.predictions.decoder.weight"] = torch.randn(5, 4)
    found = compare(in_memory("base", tied(body)), [in_memory("expert", expert)])
    assert found.tied == {}
    assert "cls.predictions.decoder.weight" in found.mergeable


def test_every_base_key_is_merged_left_out_or_tied(body: Body) -> None:
    base = in_memory(
        "base", tied(body) | {"bert.embeddings.position_ids": torch.arange(3), "score.weight": torch.ones(2)}
    )
    found = compare(base, [in_memory("expert", tied(body))])
    assert sorted([*found.mergeable, *found.left_out, *found.tied]) == sorted(base.specs)


def test_configs_that_differ_without_harm_are_noted(body: Body) -> None:
    base = in_memory("base", body(), {"rope_theta": 10000.0})
    found = compare(base, [in_memory("long", body(), {"rope_theta": 1000000.0})])
    assert found.problems == ()
    assert found.notes == (
        "rope_theta is 1000000.0 in long and 10000.0 in the base; the merged model takes the base's, "
        "so that weights trained with another value may not fit it",
    )


def test_what_is_alike_in_the_files_of_several_experts_is_said_once(tmp_path: Path, make: Make, body: Body) -> None:
    config, further = {"model_type": "bert"}, {"classifier.weight": torch.ones(2, 4)}
    base = open_folder(make(tmp_path / "base", body(), {**config, "rope_theta": 1}, vocab_txt="a\n"), "base")
    experts = [
        open_folder(make(tmp_path / name, body() | further, {**config, "rope_theta": 2}), name)
        for name in ("one", "two")
    ]
    for name in ("one", "two"):
        (tmp_path / name / "tokenizer.model").write_text("other")
        (tmp_path / name / "chat_template.jinja").write_text("other")
    assert compare(base, experts).notes == (
        "one and two: each of them has 1 tensor that the base lacks, kept with its task (classifier.weight)",
        "one and two: rope_theta is 2 in each of them and 1 in the base; the merged model takes the base's, so that "
        "weights trained with another value may not fit it",
        "one and two: the vocabularies of each of them and the base could not be compared, because they are in files of "
        "different formats or contents; make sure that tokens have equal ids",
        "one and two: each of them has another chat template than the base; the merged model takes the base's, "
        "`chat_template:` chooses",
    )


def test_a_tokenizer_that_only_experts_have_is_named_with_the_choice(tmp_path: Path, make: Make) -> None:
    base = open_folder(make(tmp_path / "base"), "base")
    experts = [open_folder(make(tmp_path / name, vocab_txt="a\n"), name) for name in ("one", "two")]
    assert compare(base, experts).notes == (
        "one and two: the base has no tokenizer and each of them has one; `tokenizer:` with the name of an expert takes it "
        "along",
    )


def test_the_text_part_of_a_model_for_several_media_is_compared(body: Body) -> None:
    nested = in_memory("nested", body(), {"text_config": {"hidden_size": 8}})
    found = compare(in_memory("base", body(), {"hidden_size": 4}), [nested])
    assert "nested: its width is 8" in sentences(found)


def test_no_weights_are_read_when_nothing_is_tied_or_integer(tmp_path: Path, make: Make) -> None:
    base = open_folder(make(tmp_path / "a"))

    class Unread:
        name, folder, config, specs, remarks = "expert", base.folder, base.config, base.specs, ("a remark",)

        def read(self, key: str) -> Tensor:
            raise AssertionError(f"{key} was read")

        def read_delta(self, key: str, base: Checkpoint, start: int = 0, stop: int | None = None) -> Tensor | None:
            raise AssertionError(f"{key} was read")

        content_hash = base.content_hash

    expert: Checkpoint = Unread()
    found = compare(base, [expert])
    assert (found.problems, found.notes) == ((), ("a remark",))


def test_several_buffers_that_differ_are_one_note(body: Body) -> None:
    ours = {f"norm.{place}.num_batches_tracked": torch.tensor(3) for place in range(5)}
    theirs = {key: value + 1 for key, value in ours.items()}
    notes = compare(in_memory("base", body() | ours), [in_memory("o", body() | theirs)]).notes
    names = "norm.0.num_batches_tracked, norm.1.num_batches_tracked, norm.2.num_batches_tracked and 2 more"
    assert [note for note in notes if "differ" in note] == [
        f"5 buffers of o differ from the base's, which are kept ({names})"
    ]


def test_a_tensor_without_entries_is_copied_and_may_be_missing_but_must_not_have_entries_in_an_expert(
    body: Body,
) -> None:
    empty = {"encoder.layer.0.unused.weight": torch.empty(0, 4)}
    base = in_memory("base", body() | empty)
    found = compare(base, [in_memory("same", body() | empty), in_memory("without", body())])
    assert found.problems == ()
    assert found.left_out == {"encoder.layer.0.unused.weight": "it has no entries: copied from the base"}
    full = compare(base, [in_memory("full", body() | {"encoder.layer.0.unused.weight": torch.ones(2, 4)})])
    assert "it has 1 tensor of shape (2, 4) where the base has (0, 4)" in sentences(full)


def chosen(base: Checkpoint, *experts: Checkpoint, include: str = "", exclude: str = "") -> Compatibility:
    selection = TensorSelection((include,) if include else (), (exclude,) if exclude else ())
    return compare(base, experts, selection=selection)


def test_what_is_not_merged_may_be_missing_or_have_another_shape_or_format_in_an_expert(body: Body) -> None:
    shorter = body()
    del shorter[BIAS]
    wider = body() | {BIAS: torch.ones(9)}
    small = body() | {BIAS: torch.ones(4).to(torch.float8_e5m2)}
    experts = [in_memory(name, state) for name, state in (("shorter", shorter), ("wider", wider), ("small", small))]
    found = chosen(in_memory("base", body()), *experts, exclude="dense.bias")
    assert found.problems == ()
    assert found.left_out == {BIAS: "excluded by 'dense.bias': kept from the base"}
    assert any(note.startswith(f"1 tensor not merged ({BIAS}): excluded by") for note in found.findings)
    assert len(compare(in_memory("base", body()), experts).problems) == 3


def test_what_is_merged_must_fit_as_before(body: Body) -> None:
    wider = in_memory("wider", body() | {QUERY: torch.ones(9, 9)})
    assert "of shape (9, 9) where the base has (4, 4)" in sentences(
        chosen(in_memory("base", body()), wider, exclude="bias")
    )


def test_a_base_may_hold_eight_bit_floats_where_nothing_is_merged(body: Body) -> None:
    base = in_memory("base", body() | {QUERY: torch.ones(4, 4).to(torch.float8_e5m2)})
    assert chosen(base, in_memory("expert", body()), exclude="query").problems == ()


def test_a_deeper_expert_merges_in_the_layers_that_are_included(tmp_path: Path, make: Make, body: Body) -> None:
    config = {"model_type": "bert", "hidden_size": 4}
    base = open_folder(make(tmp_path / "l1", body(layers=1), {**config, "num_hidden_layers": 1}), "L1")
    expert = open_folder(make(tmp_path / "l2", body(layers=2), {**config, "num_hidden_layers": 2}), "L2")
    found = chosen(base, expert, include=r"layer\.0\.")
    assert found.problems == () and found.mergeable == (QUERY, BIAS)
    told = "L2 differs from the base: its depth is 2, but that of the base L1 is 1; the tensors that the recipe merges fit each other"
    assert told in found.notes


def test_other_tokens_matter_only_if_their_rows_are_merged(tmp_path: Path, make: Make) -> None:
    base = open_folder(make(tmp_path / "a", vocab_txt="[PAD]\nthe\na\n"), "base")
    expert = open_folder(make(tmp_path / "b", vocab_txt="[PAD]\na\nthe\n"), "expert")
    found = chosen(base, expert, exclude="word_embeddings")
    assert found.problems == ()
    assert any("the recipe merges no tensor with a row for each token" in note for note in found.notes)
    assert chosen(base, expert, exclude="bias").problems != ()


def test_tied_tensors_are_chosen_together(body: Body) -> None:
    base, expert = in_memory("base", tied(body)), in_memory("expert", tied(body))
    told = sentences(chosen(base, expert, exclude="^cls"))
    assert (
        "cls.predictions.decoder.weight is tied to bert.embeddings.word_embeddings.weight, which the recipe merges"
        in told
    )
    assert "choose both of them or neither" in told
    both = chosen(base, expert, exclude="^cls|word_embeddings")
    assert both.problems == () and set(both.left_out) == {
        "cls.predictions.decoder.weight",
        "bert.embeddings.word_embeddings.weight",
    }


def test_an_expert_unties_nothing_that_is_not_merged(body: Body) -> None:
    expert = tied(body)
    expert["cls.predictions.decoder.weight"] = torch.randn(5, 4)
    found = chosen(in_memory("base", tied(body)), in_memory("expert", expert), exclude="^cls|word_embeddings")
    assert found.problems == () and not any("tied in the base" in note for note in found.notes)


def test_a_head_that_all_experts_share_is_added_only_if_it_is_included(body: Body) -> None:
    config = {"architectures": ["BertForSequenceClassification"]}
    state = body("bert.") | {"classifier.weight": torch.ones(2, 4)}
    experts = [in_memory(name, state, config) for name in ("one", "two")]
    assert "classifier.weight" in chosen(in_memory("base", body("bert.")), *experts, exclude="bias").base.specs
    assert "classifier.weight" not in chosen(in_memory("base", body("bert.")), *experts, include="query").base.specs
