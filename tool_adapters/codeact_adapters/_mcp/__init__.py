"""The Model Context Protocol, both ways: servers as toolboxes (`codeact_adapters.mcp`), and the sandbox as a server.

adapter.py     `mcp()`: a server becomes a toolbox
place.py       where a server is: a command to start, or an address
connection.py  the session with it, on a thread of its own; what happens when it dies
functions.py   one tool of a server as one Python function
arguments.py   the arguments of such a function
schemas.py     the JSON schemas of all its tools as types
contents.py    what a server answers as Python values
secrets.py     what nobody gets to read
serving/       the other way round: `codeact mcp`
"""
