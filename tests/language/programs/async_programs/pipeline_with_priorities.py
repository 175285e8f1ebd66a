import asyncio

class Scheduler:
    def __init__(self):
        self.queue = asyncio.PriorityQueue()
        self.log = []

    async def submit(self, priority, name):
        await self.queue.put((priority, name))

    async def run(self):
        while not self.queue.empty():
            priority, name = await self.queue.get()
            self.log.append(f"{priority}:{name}")
            await asyncio.sleep(0)
            if name == "split":
                await self.submit(0, "part1")
                await self.submit(9, "part2")

async def main():
    s = Scheduler()
    for p, n in ((5, "low"), (1, "split"), (3, "mid")):
        await s.submit(p, n)
    await s.run()
    return s.log

result = asyncio.run(main())
print(result)
len(result)
