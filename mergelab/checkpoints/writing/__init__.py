"""A merged model written to a folder, as a whole or not at all."""
