"""LoRA adapters: read as an expert, extracted from a merge."""
