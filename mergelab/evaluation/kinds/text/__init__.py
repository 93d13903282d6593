"""What the kinds of task share that ask models texts: prompts, likelihoods, decoding, and how texts are compared."""
