import asyncio

async def check(city):
    report = await asyncio.to_thread(weather, city)
    return city, report["celsius"]

async def main():
    results = await asyncio.gather(*(check(c) for c in ("Rome", "Oslo")))
    for city, t in results:
        print(city, t)
    arm.move_to(0.1, 0.1, 0.1)
    await asyncio.sleep(0)
    return dict(results)

asyncio.run(main())
