"""The page as a script: `python app.py`, `gradio app.py` (reload mode) and hosted Spaces start here."""

import os

from mergelab.ui.page.serving.app import build, launch

demo = build()

if __name__ == "__main__":
    port = os.environ.get("GRADIO_SERVER_PORT")
    launch(os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"), int(port) if port else None)
