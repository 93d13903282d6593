"""Jobs that look into models and merges: their figures, single tensors, what each place costs."""
