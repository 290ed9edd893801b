"""The commands, for any front end: run, check, verify, unlink, undo, resume, retry, export, prune, report."""
