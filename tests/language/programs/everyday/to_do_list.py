tasks = []

def add(text, priority=2, *tags):
    tasks.append({"text": text, "priority": priority, "tags": set(tags), "done": False})
    return len(tasks)

def finish(number):
    try:
        tasks[number - 1]["done"] = True
    except IndexError:
        print(f"no task {number}")

add("write report", 1, "work")
add("buy milk", 3, "home", "shop")
add("call bob")
finish(2)
finish(9)
for i, t in enumerate(sorted(tasks, key=lambda t: (t["done"], t["priority"])), 1):
    print(f"{i}. [{'x' if t['done'] else ' '}] {t['text']} {'!' * (4 - t['priority'])} {sorted(t['tags'])}")
left = [t["text"] for t in tasks if not t["done"]]
left
