import asyncio

async def ticker(n, delay=0.001):
    try:
        for i in range(n):
            yield i
            await asyncio.sleep(delay)
    finally:
        print("ticker closed")

class Countdown:
    def __init__(self, n):
        self.n = n

    def __aiter__(self):
        return self

    async def __anext__(self):
        if self.n == 0:
            raise StopAsyncIteration
        self.n -= 1
        await asyncio.sleep(0)
        return self.n

async def main():
    async for i in ticker(3):
        print("tick", i)
    print([x async for x in Countdown(4) if x % 2 == 0], {x: x * x async for x in ticker(2)})
    gen = ticker(10)
    print(await anext(gen), await gen.__anext__())
    await gen.aclose()
    print(await anext(aiter(Countdown(1))))
    total = sum([x async for x in ticker(4)])
    async for x in ticker(1):
        pass
    else:
        print("else ran", total)

asyncio.run(main())
