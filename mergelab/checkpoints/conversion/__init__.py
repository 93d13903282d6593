"""Other formats, turned into a safetensors folder."""
