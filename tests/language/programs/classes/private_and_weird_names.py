class Counter:
    """Counts, with name mangling."""

    __secret = "base"

    def __init__(self):
        self.__count = 0
        self._hidden = []

    def __increment(self, by):
        self.__count += by

    def tick(self, by=1):
        self.__increment(by)
        self._hidden.append(self.__count)
        return self.__count

    def reveal(self):
        return self.__secret, self._hidden

class Sub(Counter):
    __secret = "sub"

    def both(self):
        return self.__secret, self.reveal()[0]

s = Sub()
s.tick()
s.tick(by=4)
print(s.both(), s._hidden, s._Counter__count)
print(Counter.__doc__, Counter.__name__, Counter.__module__)
_temp, __x = 3, 4
print(_temp + __x)
