"""`codeact mcp`: the sandbox and the environments, for any client of the Model Context Protocol.

command.py    the command and its options
serving.py    the service that the options ask for, from its first request to its last
server.py     requests of the protocol, as calls of a desk
desk.py       what a session offers: `Desk`, and the desk for programs
world.py      the desk for an environment
sessions.py   which session a request belongs to; idle ones end
work.py       a program that runs in its session's thread, and asks about calls meanwhile
answers.py    what came of a program as blocks of content
over_stdio.py the server on standard input and output
over_http.py  the server at an address: the token, hosts and origins
"""
