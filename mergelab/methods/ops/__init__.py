"""The maths that several methods and sparsifiers share; no method is registered here."""
