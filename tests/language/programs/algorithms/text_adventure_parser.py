class Room:
    def __init__(self, name, items=()):
        self.name, self.exits, self.items = name, {}, list(items)

    def link(self, direction, other):
        opposite = {"north": "south", "east": "west", "south": "north", "west": "east"}
        self.exits[direction] = other
        other.exits[opposite[direction]] = self
        return other

class Game:
    def __init__(self):
        hall = Room("Hall", ["lamp"])
        hall.link("north", Room("Kitchen", ["knife", "bread"])).link("east", Room("Cellar"))
        self.room, self.bag, self.moves = hall, [], 0

    def do(self, line):
        self.moves += 1
        verb, *rest = line.lower().split()
        method = getattr(self, f"do_{verb}", self.unknown)
        return method(" ".join(rest))

    def do_go(self, where):
        if where not in self.room.exits:
            return f"You cannot go {where}. Exits: {', '.join(sorted(self.room.exits))}"
        self.room = self.room.exits[where]
        return f"You are in the {self.room.name}."

    def do_take(self, what):
        try:
            self.room.items.remove(what)
        except ValueError:
            return f"There is no {what} here."
        self.bag.append(what)
        return f"Taken: {what}."

    def do_look(self, _):
        return f"{self.room.name}: {self.room.items or 'nothing'}"

    def unknown(self, _):
        return "I don't understand."

g = Game()
for line in ["look", "take lamp", "go west", "go north", "take bread", "take bread", "go east", "look", "sing loudly"]:
    print(">", line, "\n ", g.do(line))
g.bag, g.moves
