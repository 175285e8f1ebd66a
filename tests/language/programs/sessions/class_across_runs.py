# %%
from dataclasses import dataclass, field

@dataclass
class Cart:
    items: list = field(default_factory=list)

    def add(self, name, price, n=1):
        self.items.append((name, price, n))
        return self

cart = Cart()
cart.add("tea", 3.5).add("cup", 8.0, 2)
cart
# %%
class DiscountCart(Cart):
    rate = 0.1

    @property
    def total(self):
        full = sum(p * n for _, p, n in self.items)
        return round(full * (1 - self.rate), 2)

d = DiscountCart(cart.items[:])
d.add("pot", 20)
print(d.total, len(cart.items))
# %%
DiscountCart.rate = 0.5
Cart.size = lambda self: len(self.items)
print(d.total, d.size(), isinstance(d, Cart))
type(d).__name__
