import asyncio

async def fetch(name, delay):
    print(f"start {name}")
    await asyncio.sleep(delay)
    print(f"done {name}")
    return f"{name}-data"

async def main():
    results = await asyncio.gather(fetch("slow", 0.3), fetch("fast", 0.1), fetch("mid", 0.2))
    print(results)
    first = await fetch("single", 0)
    mixed = await asyncio.gather(fails(), fetch("ok", 0), return_exceptions=True)
    print([type(r).__name__ for r in mixed], first)
    try:
        await asyncio.gather(fails(), fetch("other", 0.001))
    except ValueError as e:
        print("caught", e)

async def fails():
    await asyncio.sleep(0)
    raise ValueError("no luck")

asyncio.run(main())
