"""What goes wrong with a database, in its own words and no others: addresses and passwords stay out."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator

from codeact.errors import Refused, ToolError

_DENIED = ("not authorized", "prohibited", "authorization denied")
_LATE = ("statement timeout", "max_statement_time", "maximum statement execution time")
_LOST = ("connection failed", "Can't connect", "closed the connection", "Lost connection", "gone away")
_LONGEST = 500  # characters


class SqlError(ToolError):
    """The database refused a statement, or failed at it. The message is the database's own."""


@contextlib.contextmanager
def explained(timeout_s: float) -> Iterator[None]:
    """Turn what the driver raises into errors that a program may see.

    Raises:
        SqlError: the database refused the statement, or failed at it.
        Refused: the statement would do what is not allowed here.
        TimeoutError: it took too long.
        ConnectionError: the database cannot be reached, or broke off.
    """
    from sqlalchemy import exc

    begin = time.monotonic()
    try:
        yield
    except exc.DBAPIError as error:
        reason = " ".join(str(error.orig).split())[:_LONGEST]
        late = time.monotonic() - begin >= timeout_s and any(word in reason for word in _LATE)
        if reason == "interrupted" or late:
            raise TimeoutError(f"the statement took longer than {timeout_s:g} s and was ended") from None
        if any(word in reason for word in _DENIED):
            raise Refused(f"the statement is not allowed here ({reason})") from None
        if error.connection_invalidated or any(word in reason for word in _LOST):
            raise ConnectionError(f"the database cannot be reached: {reason}") from None
        raise SqlError(reason) from None
    except exc.SQLAlchemyError as error:
        raise SqlError(" ".join(str(error).split())[:_LONGEST]) from None
    except sqlite3.Error as error:
        reason = str(error)
        if reason == "interrupted":
            raise TimeoutError(f"the statement took longer than {timeout_s:g} s and was ended") from None
        raise SqlError(reason) from None
