"""Serves the page: the server's start, its guard, its files, its downloads, the endpoints for programs."""
