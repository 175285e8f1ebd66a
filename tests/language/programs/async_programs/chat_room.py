import asyncio

class Room:
    def __init__(self):
        self.members = {}
        self.log = []

    async def join(self, name):
        self.members[name] = asyncio.Queue()

    async def say(self, sender, text):
        for name, queue in self.members.items():
            if name != sender:
                await queue.put(f"{sender}: {text}")

    async def listen(self, name, n):
        for _ in range(n):
            self.log.append((name, await self.members[name].get()))

async def main():
    room = Room()
    for name in ("ann", "bob", "cy"):
        await room.join(name)
    listeners = [asyncio.create_task(room.listen(n, 2)) for n in ("ann", "bob", "cy")]
    await room.say("ann", "hi")
    await room.say("bob", "hello")
    await room.say("cy", "hey")
    await asyncio.wait_for(asyncio.gather(*listeners), 1)
    return sorted(room.log)

for line in asyncio.run(main()):
    print(*line, sep=" <- ")
