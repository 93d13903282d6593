from __future__ import annotations

import subprocess
import sys


def test_opening_a_folder_needs_neither_transformers_nor_the_hub_library() -> None:
    code = (
        "import sys, mergelab.checkpoints;"
        "print([name for name in ('transformers', 'huggingface_hub', 'gradio', 'pandas') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
