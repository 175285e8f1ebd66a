import asyncio

async def cook(dish, seconds, log):
    log.append(f"start {dish}")
    await asyncio.sleep(seconds / 10)
    log.append(f"{dish} ready")
    return dish

async def dinner():
    log = []
    async with asyncio.TaskGroup() as kitchen:
        tasks = [kitchen.create_task(cook(d, s, log)) for d, s in (("rice", 3), ("fish", 2), ("salad", 1))]
    log.append("serve " + ", ".join(t.result() for t in tasks))
    return log

for line in asyncio.run(dinner()):
    print(line)
