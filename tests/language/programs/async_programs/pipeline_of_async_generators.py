import asyncio

async def numbers(n):
    for i in range(n):
        await asyncio.sleep(0)
        yield i

async def keep(source, test):
    async for item in source:
        if test(item):
            yield item

async def pairs(source):
    previous = None
    async for item in source:
        if previous is not None:
            yield previous, item
        previous = item

async def take(source, n):
    out = []
    async for item in source:
        out.append(item)
        if len(out) == n:
            break
    return out

async def main():
    odd = keep(numbers(20), lambda x: x % 2)
    print(await take(pairs(odd), 3))
    print([x async for x in keep(numbers(10), lambda x: x > 6)])
    print(sum([x async for x in numbers(5)]), {x async for x in numbers(3)})

asyncio.run(main())
