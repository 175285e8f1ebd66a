"""The parts of `codeact_adapters.python()`, `langchain()`, `smolagents()` and `openai_function()`: what is Python
already, and becomes tools without a line of it being changed. The tools of other libraries are taken by their faces, so
that none of these libraries is imported here.
"""
