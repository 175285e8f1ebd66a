import copy

class Team:
    def __init__(self, name, members):
        self.name = name
        self.members = members

    def __copy__(self):
        return Team(self.name + " (copy)", self.members)

    def __eq__(self, other):
        return self.name == other.name and self.members == other.members

a = Team("red", ["x", ["y"]])
b = copy.copy(a)
c = copy.deepcopy(a)
a.members[1].append("z")
print(b.name, b.members, b.members is a.members)
print(c.name, c.members, c == a)
board = [[0] * 2] * 2
board[0][0] = 1
safe = copy.deepcopy(board)
safe[1][1] = 9
print(board, safe)
d = {"k": [1]}
e = d.copy()
e["k"].append(2)
d
