import asyncio

async def worker(name, queue, done):
    while True:
        job = await queue.get()
        try:
            await asyncio.sleep(0.001 * job)
            done.append((name, job))
        finally:
            queue.task_done()

async def main():
    queue = asyncio.Queue()
    for job in (5, 1, 3, 2):
        queue.put_nowait(job)
    done = []
    tasks = [asyncio.create_task(worker(f"w{i}", queue, done)) for i in range(2)]
    await queue.join()
    for t in tasks:
        t.cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    print([type(o).__name__ for o in outcomes], [t.cancelled() for t in tasks])
    print(sorted(job for _, job in done), queue.empty())

asyncio.run(main())
