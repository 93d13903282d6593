"""A person’s own task sets on the page: uploaded files, what was recognised of them, and what was corrected."""
