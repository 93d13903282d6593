"""The page: Gradio lives here and nowhere else, and no tensor is computed here."""
