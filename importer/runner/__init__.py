"""Commands from file to report: run, resume, retry, verify, check, report."""
