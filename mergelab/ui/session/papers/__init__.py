"""What papers claim, and what suites said when they were asked."""
