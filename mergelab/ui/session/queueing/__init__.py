"""Who waits for the worker: how many jobs each may have, and how long they will take."""
