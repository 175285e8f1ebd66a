class Query:
    def __init__(self, table):
        self._table = table
        self._where = []
        self._order = None
        self._limit = None

    def where(self, **conditions):
        for field, value in conditions.items():
            name, _, op = field.partition("__")
            symbol = {"gt": ">", "lt": "<", "": "="}[op]
            self._where.append(f"{name} {symbol} {value!r}")
        return self

    def order_by(self, field, *, desc=False):
        self._order = f"{field} DESC" if desc else field
        return self

    def limit(self, n):
        self._limit = n
        return self

    def build(self):
        sql = f"SELECT * FROM {self._table}"
        if self._where:
            sql += " WHERE " + " AND ".join(self._where)
        if self._order:
            sql += f" ORDER BY {self._order}"
        if self._limit is not None:
            sql += f" LIMIT {self._limit}"
        return sql + ";"

q = (
    Query("users")
    .where(age__gt=21, name="Ann")
    .order_by("created", desc=True)
    .limit(10)
)
print(q.build())
Query("t").build()
