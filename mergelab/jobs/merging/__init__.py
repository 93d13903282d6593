"""Parts of the jobs that merge: their steps, their scores, the files beside their weights."""
