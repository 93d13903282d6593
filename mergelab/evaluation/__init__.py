"""Evaluation: task sets, the models that answer them, calibration statistics, and scores."""
