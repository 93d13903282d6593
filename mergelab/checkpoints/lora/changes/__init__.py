"""How an adapter changes a tensor of its base: one file per kind of change."""
