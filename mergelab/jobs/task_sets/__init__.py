"""Task sets of a person's own, as jobs take them."""
