"""Adapters for data: SQL databases, one folder of files, web pages, and a browser.

sql.py        a database by SQLAlchemy; sqlite.py and servers.py keep its kinds read-only and within limits
directory.py  the files of one folder; beneath.py opens nothing outside it
web.py        pages as text
browser.py    a real browser, by Playwright
"""
