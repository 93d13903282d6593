"""Analysis of a merge without merging: sketches, previews, static figures, tensor maps."""
