"""Pictures of what an inspection finds, one kind a file, each with its sentence for whoever does not see it."""
