"""The local page: a second front end of `runner`, for a browser on this machine.

The server process answers requests and does no heavy work. Each job runs in a worker process, which exchanges lines of
JSON with the server and stops by itself when the server ends. Every number comes from the journals and files in the
state directory, so a reload of the page or a restart of the server loses nothing.
"""
