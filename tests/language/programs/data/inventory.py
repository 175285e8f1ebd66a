class InsufficientStock(Exception):
    pass


class Inventory:
    def __init__(self):
        self._stock = {}
        self.history = []

    def add(self, sku, quantity, price=0.0):
        entry = self._stock.setdefault(sku, {"quantity": 0, "price": price})
        entry["quantity"] += quantity
        if price:
            entry["price"] = price
        self.history.append(("add", sku, quantity))

    def remove(self, sku, quantity):
        available = self._stock.get(sku, {}).get("quantity", 0)
        if available < quantity:
            raise InsufficientStock(f"only {available} of {sku!r} left, wanted {quantity}")
        self._stock[sku]["quantity"] -= quantity
        if self._stock[sku]["quantity"] == 0:
            del self._stock[sku]
        self.history.append(("remove", sku, quantity))

    @property
    def value(self):
        return sum(e["quantity"] * e["price"] for e in self._stock.values())

    def __contains__(self, sku):
        return sku in self._stock

    def __len__(self):
        return len(self._stock)


inv = Inventory()
inv.add("apple", 10, 0.5)
inv.add("pear", 4, 0.75)
inv.add("apple", 5)
print(len(inv), "apple" in inv, inv.value)
inv.remove("pear", 4)
try:
    inv.remove("pear", 1)
except InsufficientStock as e:
    print("Error:", e)
print(inv.history)
print("pear" in inv, inv.value)
