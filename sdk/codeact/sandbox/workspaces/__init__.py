"""Sessions with files and full libraries.

workspace.py            the folder, seen from the host: checked, opened once, looked after while programs run
libraries.py            what may be imported there
workspace_program.py    how programs run there, in the worker
artifacts.py            what a run left; unlinked.py counts what it removed and still holds
"""
