"""The parts of `codeact_adapters.openapi()`: the document, its names, its schemas as types, its operations as
functions, and the HTTP client behind them. Everything in a document is taken for hostile: names are made anew from
ASCII letters, descriptions are only ever text, files are read beside it only, and no request leaves the hosts of the
service that the user has named.
"""
