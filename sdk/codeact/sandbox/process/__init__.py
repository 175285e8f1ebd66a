"""The two processes behind a session.

zygote.py   holds nothing of the host's, has everything imported (warming.py), and forks the workers (clone.py)
worker.py   a fork that puts up its wall and runs programs for one session, which it hears of and answers on line.py;
            output.py holds what they print
"""
