"""Models stored as deltas from their base."""
