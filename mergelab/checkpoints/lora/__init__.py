"""LoRA adapters: opening them as experts, and extracting them from a merge."""
