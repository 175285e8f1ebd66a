import asyncio

async def waiter(name, event, log):
    log.append(f"{name} waits")
    await event.wait()
    log.append(f"{name} goes")

async def main():
    event, log = asyncio.Event(), []
    tasks = [asyncio.create_task(waiter(n, event, log)) for n in "ab"]
    await asyncio.sleep(0)
    log.append("set")
    event.set()
    await asyncio.gather(*tasks)
    print(log, event.is_set())

    condition = asyncio.Condition()
    items = []
    async def consume():
        async with condition:
            await condition.wait_for(lambda: len(items) >= 2)
            return list(items)
    task = asyncio.create_task(consume())
    for i in range(2):
        async with condition:
            items.append(i)
            condition.notify_all()
        await asyncio.sleep(0)
    print(await task)
    future = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_later(0.001, future.set_result, "later")
    print(await future, future.done())

asyncio.run(main())
