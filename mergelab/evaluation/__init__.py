"""Task sets, the models that answer them, statistics on calibration rows, and scores."""
