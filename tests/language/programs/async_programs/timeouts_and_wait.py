import asyncio

async def slow(n):
    try:
        await asyncio.sleep(n)
        return n
    except asyncio.CancelledError:
        print("cancelled", n)
        raise

async def main():
    try:
        await asyncio.wait_for(slow(10), timeout=0.01)
    except asyncio.TimeoutError:
        print("timeout")
    try:
        async with asyncio.timeout(0.01):
            await slow(5)
    except TimeoutError:
        print("timeout again")
    tasks = {asyncio.create_task(slow(d)) for d in (0.001, 0.5)}
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    print(len(done), len(pending), [t.result() for t in done])
    for t in pending:
        t.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    for coro in asyncio.as_completed([slow(0.4), slow(0.001), slow(0.2)]):
        print(await coro)
    print(await asyncio.wait_for(slow(0), 1))

asyncio.run(main())
