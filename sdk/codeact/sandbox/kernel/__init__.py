"""The wall: what the kernel lets a worker do.

wall.py                 the strict wall: no file, no socket, no process
seccomp.py              its system calls, for x86_64 and aarch64
workspace_wall.py       the wall of a session with a workspace: one folder to write to, libraries to read
seccomp_workspace.py    its system calls
bpf.py                  what both lists of system calls are written in; system.py makes calls that Python has not
mounts.py               its file system, which shows those folders and no more
"""
