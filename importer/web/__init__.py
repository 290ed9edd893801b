"""The local page: a second front end of `runner`, for a browser on this machine.

A server process answers requests and never works on anything large; each piece of work runs in a worker process, which
talks to the server by lines of JSON and stops by itself when the server ends. Every number comes from the journals and
files in the state directory, so that a reload or a restart of the server loses nothing.
"""
