"""Model folders on disk: safe paths, headers, shards, content hashes, the Hub."""
