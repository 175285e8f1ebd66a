class Discount:
    def apply(self, total):
        return total

class Percent(Discount):
    def __init__(self, percent):
        self.percent = percent
    def apply(self, total):
        return total * (100 - self.percent) / 100

class Voucher(Discount):
    def __init__(self, value, minimum=0):
        self.value, self.minimum = value, minimum
    def apply(self, total):
        return max(0, total - self.value) if total >= self.minimum else super().apply(total)

class Cart:
    def __init__(self, *discounts):
        self.items, self.discounts = {}, list(discounts)
    def __iadd__(self, item):
        name, price = item
        self.items[name] = self.items.get(name, 0) + price
        return self
    @property
    def total(self):
        total = sum(self.items.values())
        for d in self.discounts:
            total = d.apply(total)
        return round(total, 2)

cart = Cart(Percent(10), Voucher(5, minimum=40))
cart += ("tea", 12.5)
print(cart.total)
cart += ("pot", 40)
cart += ("tea", 12.5)
cart.total, cart.items
