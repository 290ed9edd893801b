"""One import from file to report: run, resume, retry, check."""
