"""Models stored as what differs from their base."""
