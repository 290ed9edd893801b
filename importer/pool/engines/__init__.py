"""The engines: one call per pair, batches of pairs, and reading back."""
