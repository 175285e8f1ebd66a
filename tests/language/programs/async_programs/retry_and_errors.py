import asyncio

class ServiceError(Exception):
    pass

class Service:
    def __init__(self, failures):
        self.failures = failures
        self.calls = 0

    async def call(self, x):
        self.calls += 1
        await asyncio.sleep(0)
        if self.calls <= self.failures:
            raise ServiceError(f"call {self.calls} failed")
        return x * 2

async def with_retry(fn, *args, attempts=3):
    for attempt in range(attempts):
        try:
            return await fn(*args)
        except ServiceError as e:
            print("retry", attempt, e)
            if attempt == attempts - 1:
                raise
            await asyncio.sleep(0.001 * 2 ** attempt)

async def main():
    print(await with_retry(Service(2).call, 21))
    try:
        await with_retry(Service(9).call, 1, attempts=2)
    except ServiceError as e:
        print("gave up:", e)
    task = asyncio.create_task(Service(1).call(3))
    await asyncio.wait([task])
    print(repr(task.exception()), task.done(), task.cancelled())
    shielded = await asyncio.shield(Service(0).call(4))
    print(shielded, asyncio.iscoroutinefunction(with_retry))

if __name__ == "__main__":
    asyncio.run(main())
