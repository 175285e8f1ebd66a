def handle(command):
    match command.split():
        case []:
            return "nothing"
        case ["quit" | "exit"]:
            return "bye"
        case ["go", ("north" | "south" | "east" | "west") as direction]:
            return f"going {direction}"
        case ["go", other]:
            return f"cannot go {other}"
        case ["drop", *items] if len(items) > 1:
            return f"dropping {len(items)}: {', '.join(items)}"
        case ["drop", item]:
            return f"dropping {item}"
        case [action, *_]:
            return f"unknown: {action}"

for c in ("go north", "go up", "quit", "drop a", "drop a b c", "dance now", "", "exit"):
    print(f"{c!r} -> {handle(c)}")
