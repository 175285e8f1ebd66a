import asyncio

class Limiter:
    def __init__(self, n):
        self.semaphore = asyncio.Semaphore(n)
        self.active = self.peak = 0

    async def __aenter__(self):
        await self.semaphore.acquire()
        self.active += 1
        self.peak = max(self.peak, self.active)

    async def __aexit__(self, *exc):
        self.active -= 1
        self.semaphore.release()

async def fetch(limiter, page):
    async with limiter:
        await asyncio.sleep(0.001)
        if page == 3:
            raise ConnectionError(f"page {page}")
        return page * 10

async def main():
    limiter = Limiter(2)
    results = await asyncio.gather(*(fetch(limiter, p) for p in range(5)), return_exceptions=True)
    good = [r for r in results if not isinstance(r, Exception)]
    bad = [r for r in results if isinstance(r, Exception)]
    print(good, bad, limiter.peak, limiter.active)

asyncio.run(main())
