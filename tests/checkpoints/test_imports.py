from __future__ import annotations

from checkpoints.children import answer_of

CODE = """
import sys, mergelab.checkpoints
pipe.send([name for name in ("transformers", "huggingface_hub", "gradio", "pandas") if name in sys.modules])
"""


def test_opening_a_folder_needs_neither_transformers_nor_the_hub_library() -> None:
    assert answer_of(CODE) == []
