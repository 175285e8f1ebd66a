from functools import cached_property, partialmethod, cmp_to_key

class Lamp:
    def __init__(self):
        self.level = 0

    def set_level(self, level):
        self.level = level
        return self

    off = partialmethod(set_level, 0)
    full = partialmethod(set_level, 100)

    @cached_property
    def serial(self):
        print("computing")
        return "SN-%04d" % 42

lamp = Lamp()
print(lamp.full().level, lamp.off().level)
print(lamp.serial, lamp.serial)
del lamp.serial
print(lamp.serial)

def compare(a, b):
    return (len(a) > len(b)) - (len(a) < len(b)) or (a > b) - (a < b)

print(sorted(["pear", "fig", "apple", "kiwi"], key=cmp_to_key(compare)))
