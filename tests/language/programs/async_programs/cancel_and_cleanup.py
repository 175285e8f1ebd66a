import asyncio

async def job(name, log):
    try:
        log.append(f"{name} start")
        await asyncio.sleep(1)
        log.append(f"{name} never")
    except asyncio.CancelledError:
        log.append(f"{name} cancelled")
        raise
    finally:
        log.append(f"{name} cleanup")

async def main():
    log = []
    tasks = [asyncio.create_task(job(n, log), name=n) for n in "ab"]
    await asyncio.sleep(0)
    tasks[0].cancel()
    done, pending = await asyncio.wait(tasks, timeout=0.01)
    print(sorted(t.get_name() for t in done), sorted(t.get_name() for t in pending))
    tasks[1].cancel()
    try:
        await tasks[1]
    except asyncio.CancelledError:
        print("awaited a cancelled task")
    print(log)
    print([t.cancelled() for t in tasks])

asyncio.run(main())
