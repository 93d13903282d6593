"""Remembered runs, logged to trackio and MLflow as well, through their own clients."""
