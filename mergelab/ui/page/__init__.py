"""The page: widgets, events, and the messages as the browser gets them. Gradio lives here and nowhere else."""
