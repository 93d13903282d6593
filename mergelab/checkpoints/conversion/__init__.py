"""Conversion of other weight formats to a safetensors folder."""
