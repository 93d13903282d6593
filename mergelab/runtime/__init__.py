"""Services independent of models: progress, the cache folder, hashing, devices, random bits."""
