"""Files that browsers and programs upload, on their way from Gradio to a session."""
