"""The page: widgets, and which event calls what. Nothing else in the package imports Gradio."""
