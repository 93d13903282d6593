"""Analysis of a merge: sketches, previews, static figures and tensor maps without merging, damage maps after it."""
