"""Messages about what a person brings: task sets of their own."""
