# %%
import asyncio

async def double(x):
    await asyncio.sleep(0)
    return x * 2

asyncio.run(double(4))
# %%
async def main():
    values = await asyncio.gather(*(double(i) for i in range(4)))
    return sum(values)
total = asyncio.run(main())
total
# %%
async def stream():
    for i in range(3):
        yield await double(i)
async def collect():
    return [v async for v in stream()]
print(asyncio.run(collect()), total)
