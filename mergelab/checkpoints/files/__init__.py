"""Model folders on disk: safe paths, headers, shards, content hashes and the Hub."""
