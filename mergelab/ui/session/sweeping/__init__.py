"""The sweep of one visitor: what may vary, and what was found."""
