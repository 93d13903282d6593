"""Opens diffusion models: whole pipelines, and checkpoints in a single file."""
