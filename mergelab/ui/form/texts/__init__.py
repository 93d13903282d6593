"""The form as text, and back: links, recipes, slices of stacks, programs."""
