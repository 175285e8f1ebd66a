import asyncio

class Delayed:
    def __init__(self, value, delay=0):
        self.value, self.delay = value, delay

    def __await__(self):
        yield from asyncio.sleep(self.delay).__await__()
        return self.value

class Batch:
    def __init__(self, *items):
        self.items = items

    def __await__(self):
        return self._all().__await__()

    async def _all(self):
        return [await item for item in self.items]

async def main():
    print(await Delayed(3), await Batch(Delayed(1), Delayed(2, 0.001)))
    results = await asyncio.gather(Delayed("x"), Batch())
    print(results)

asyncio.run(main())
