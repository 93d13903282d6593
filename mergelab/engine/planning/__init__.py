"""Everything that is decided before weights are read: the plan, the pipeline of rules, chunks, threads and memory."""
