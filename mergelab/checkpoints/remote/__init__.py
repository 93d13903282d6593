"""What is downloaded from the Hub besides models."""
