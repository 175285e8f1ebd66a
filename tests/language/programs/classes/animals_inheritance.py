class Animal:
    count = 0

    def __init__(self, name, sound="..."):
        self.name = name
        self.sound = sound
        Animal.count += 1

    def speak(self):
        return f"{self.name} says {self.sound}"

    def __lt__(self, other):
        return self.name < other.name

class Dog(Animal):
    def __init__(self, name, breed):
        super().__init__(name, "Woof")
        self.breed = breed

    def speak(self):
        base = super().speak()
        return base + "!"

    def fetch(self, item="ball"):
        return f"{self.name} fetches the {item}"

class Puppy(Dog):
    def speak(self):
        return super().speak().lower()

animals = [Dog("Rex", "lab"), Puppy("Bit", "pug"), Animal("Generic")]
for a in sorted(animals):
    print(type(a).__name__, "->", a.speak())
print(animals[0].fetch(), animals[1].fetch(item="stick"))
print(Animal.count, hasattr(animals[2], "breed"), getattr(animals[2], "breed", "unknown"))
print(Puppy.__name__, Puppy.__bases__[0].__name__, [c.__name__ for c in Puppy.__mro__])
isinstance(animals[1], Dog)
