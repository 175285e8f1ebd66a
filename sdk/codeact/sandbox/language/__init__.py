"""The language that a program may use: what it may say, and what it may reach while it runs. All of it runs in workers.

program.py      compile and run one program after another, and tell what came of each
filter.py       what a program may say, decided before it runs; it stands on RestrictedPython. attributes.py is its part
                for attributes and patterns.py that for `match`, names.py says which names may be used, nodes.py makes
                the nodes that it puts in
guards.py       what it may reach when it runs: own_classes.py says which classes are its own, matching.py what a
                pattern may use, kinds.py which other types are harmless, exceptions.py how those are named; careful.py
                wraps the special methods that could give something away
streams.py      `sys.stdout` and `print`, up to where the session takes what is written
views.py        what stands for modules, types and dictionaries of attributes
offered.py      the modules that a program may import, as views of listed names (offered_names.py, offered_numpy.py,
                and logs.py, queues.py, futures.py, warned.py, zones.py, tracebacks.py, dispatching.py for the parts
                that are made anew)
imports.py      which of them a session gets
loop.py         asyncio, on a loop that waits for nothing but time
evaluated.py    `eval` and `exec`, through the filter; formatting.py is `str.format`
errors_text.py  errors as a model should read them; hints.py says what may have been meant
"""
