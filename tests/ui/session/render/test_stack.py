"""The diagram of a stack says where each layer, and everything else, comes from."""

from __future__ import annotations

from ui.fake_worker import MODELS, form

from mergelab.jobs.stack_job import StackFacts
from mergelab.ui.session.render.stack import COLOUR_OF_BASE, render_stack


def test_slices_are_blocks_in_the_colours_of_their_models() -> None:
    stack = form(method="stack", slices="base:0-2\nb:1-4\n* 0.5 o_proj\nbase:1-2\nhead: a").stack()
    drawn = render_stack(stack, MODELS, StackFacts(1200, ("a note",)))
    assert [(block.model, block.start, block.first, block.count) for block in drawn.blocks] == [
        ("tiny (base)", 0, 0, 2),
        ("Expert B", 2, 1, 3),
        ("tiny (base)", 5, 1, 1),
    ]
    assert [block.colour for block in drawn.blocks] == [COLOUR_OF_BASE, "#E69F00", COLOUR_OF_BASE]
    assert [block.factors for block in drawn.blocks] == [[], ["o_proj × 0.5"], []]
    assert (drawn.before, drawn.after) == ("Embeddings from tiny (base)", "Final norm and head from Expert A")
    assert drawn.text == (
        "The stack has 6 layers and 1,200 weights. Config, tokenizer and everything else outside the layers come from "
        "tiny (base). Everything is copied bit for bit, except the tensors that a factor multiplies."
    )
    assert drawn.notes == ("a note",)


def test_before_the_headers_were_read_there_are_no_parameters_and_no_notes() -> None:
    drawn = render_stack(form(method="stack", slices="a:0-1", dtype="float16").stack(), MODELS, None)
    assert drawn.notes is None
    assert drawn.text.startswith("The stack has 1 layer. ")
    assert drawn.text.endswith(
        "Everything is copied bit for bit, except what is stored in another format than float16."
    )
