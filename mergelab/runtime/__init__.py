"""Services that know nothing of models: progress, the cache folder, hashing, devices, random bits."""
