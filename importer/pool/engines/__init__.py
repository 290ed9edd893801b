"""The engines: each reads, links, labels, removes or restores chunks of pairs in its own way."""
