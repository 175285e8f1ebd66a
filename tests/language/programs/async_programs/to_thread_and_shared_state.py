import asyncio
import time

def blocking(n):
    time.sleep(0.001)
    return n + 1

async def main():
    print(await asyncio.to_thread(blocking, 1))
    loop = asyncio.get_running_loop()
    print(await loop.run_in_executor(None, blocking, 5))
    start = loop.time()
    await asyncio.sleep(0.005)
    print(loop.time() > start)
    cache = {}
    async def load(key):
        if key not in cache:
            await asyncio.sleep(0)
            cache[key] = key.upper()
        return cache[key]
    print(await asyncio.gather(load("a"), load("b"), load("a")), cache)
    task = asyncio.create_task(load("z"))
    task.add_done_callback(lambda t: print("callback", t.result()))
    await task
    await asyncio.sleep(0)
    return asyncio.current_task() is not None

print(asyncio.run(main()))
