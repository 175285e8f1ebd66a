from collections import UserDict, UserList

class Registry(UserDict):
    def __setitem__(self, key, value):
        if key in self.data:
            raise KeyError(f"{key} is registered already")
        self.data[key] = value

class Scores(UserList):
    def average(self):
        return sum(self.data) / len(self.data)

r = Registry()
r["a"] = 1
try:
    r["a"] = 2
except KeyError as e:
    print("refused:", e)
r.update(b=2)
print(dict(r), len(r), "a" in r)
s = Scores([3, 4])
s.append(8)
s += [1]
print(s.average(), s[1:], sorted(s), len(s))
