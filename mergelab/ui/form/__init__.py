"""What a visitor has set: the form, the recipe that it means, its link, presets and stories. No worker, no widget."""
