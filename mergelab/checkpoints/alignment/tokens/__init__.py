"""Aligns embeddings and heads by tokens, where vocabularies differ."""
