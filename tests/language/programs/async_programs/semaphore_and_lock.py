import asyncio

running = 0
peak = 0

async def limited(i, semaphore):
    global running, peak
    async with semaphore:
        running += 1
        peak = max(peak, running)
        await asyncio.sleep(0.002)
        running -= 1
    return i

class Account:
    def __init__(self):
        self.balance = 0
        self.lock = asyncio.Lock()

    async def deposit(self, amount):
        async with self.lock:
            current = self.balance
            await asyncio.sleep(0)
            self.balance = current + amount

async def main():
    semaphore = asyncio.Semaphore(3)
    results = await asyncio.gather(*(limited(i, semaphore) for i in range(8)))
    print(results, "peak", peak)
    account = Account()
    await asyncio.gather(*[account.deposit(10) for _ in range(5)])
    print(account.balance, account.lock.locked())

asyncio.run(main())
