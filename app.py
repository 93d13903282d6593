"""The page as a script: `python app.py`, `gradio app.py` (reload mode) and hosted Spaces start here.

The environment says what the flags of `mergelab ui` say: GRADIO_SERVER_NAME, GRADIO_SERVER_PORT, MERGELAB_MODELS_DIR, and
MERGELAB_AUTH with one USER:PASSWORD or FILE per line.
"""

import os
import sys

from mergelab.ui.page.serving.app import build, launch

demo = build()

if __name__ == "__main__":
    port = os.environ.get("GRADIO_SERVER_PORT")
    try:
        launch(
            os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"),
            int(port) if port else None,
            models_dir=os.environ.get("MERGELAB_MODELS_DIR"),
            auth=os.environ.get("MERGELAB_AUTH", "").split(),
        )
    except ValueError as error:
        sys.exit(str(error))
