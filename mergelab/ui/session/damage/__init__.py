"""The damage map of a visitor: its measurement, its message, and the recipe that puts something back in one cell."""
