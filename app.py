"""The page as a script: `python app.py`, `gradio app.py` (reload mode) and hosted Spaces start here."""

from mergelab.ui.app import build, launch

demo = build()

if __name__ == "__main__":
    launch()
