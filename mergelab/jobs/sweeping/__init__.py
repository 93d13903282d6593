"""The job that searches, and what it tells."""
