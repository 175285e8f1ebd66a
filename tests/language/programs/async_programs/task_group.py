import asyncio

async def square(n):
    await asyncio.sleep(0.001 * n)
    return n * n

async def main():
    async with asyncio.TaskGroup() as tg:
        tasks = [tg.create_task(square(n), name=f"sq{n}") for n in (3, 1, 2)]
    print([t.result() for t in tasks], [t.get_name() for t in tasks], all(t.done() for t in tasks))
    try:
        async with asyncio.TaskGroup() as tg:
            tg.create_task(boom("a"))
            late = tg.create_task(square(50))
    except* ValueError as eg:
        print("group:", [str(e) for e in eg.exceptions], late.cancelled())

async def boom(text):
    await asyncio.sleep(0)
    raise ValueError(text)

asyncio.run(main())
