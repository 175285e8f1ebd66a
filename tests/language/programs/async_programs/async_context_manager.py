import asyncio
from contextlib import asynccontextmanager, AsyncExitStack

class Connection:
    def __init__(self, name):
        self.name = name

    async def __aenter__(self):
        await asyncio.sleep(0)
        print("connect", self.name)
        return self

    async def __aexit__(self, kind, exc, tb):
        print("disconnect", self.name, kind.__name__ if kind else None)
        return kind is KeyError

    async def query(self, q):
        await asyncio.sleep(0)
        return f"{self.name}:{q}"

@asynccontextmanager
async def session(user):
    print("login", user)
    try:
        yield user.upper()
    finally:
        print("logout", user)

async def main():
    async with Connection("db") as db, session("ann") as who:
        print(await db.query("select"), who)
    async with Connection("x"):
        raise KeyError("swallowed")
    async with AsyncExitStack() as stack:
        c = await stack.enter_async_context(Connection("stacked"))
        print(await c.query("q"))

asyncio.run(main())
