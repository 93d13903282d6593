"""The form that a visitor fills in, with its recipe, link, presets and stories. Nothing here knows a worker or a widget."""
