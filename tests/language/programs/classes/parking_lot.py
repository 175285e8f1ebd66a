class Vehicle:
    size = 1
    def __init__(self, plate):
        self.plate = plate
    def __repr__(self):
        return f"<{type(self).__name__} {self.plate}>"

class Truck(Vehicle):
    size = 3

class Lot:
    def __init__(self, capacity):
        self.capacity = capacity
        self.parked = {}

    @property
    def free(self):
        return self.capacity - sum(v.size for v in self.parked.values())

    def park(self, vehicle):
        if vehicle.plate in self.parked:
            return False, "already here"
        if vehicle.size > self.free:
            return False, f"needs {vehicle.size}, only {self.free} free"
        self.parked[vehicle.plate] = vehicle
        return True, "ok"

lot = Lot(4)
for v in (Vehicle("A1"), Truck("T9"), Vehicle("B2"), Vehicle("A1")):
    print(v, *lot.park(v))
del lot.parked["T9"]
lot.free, list(lot.parked.values())
