"""Merges of many recipes over the same models: what their settings do not change is computed once."""
