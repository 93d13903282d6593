"""Tables of a task's rows: CSV, TSV, JSON lines and Parquet, read strictly."""
