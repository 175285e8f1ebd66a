from dataclasses import dataclass, field, asdict, astuple, replace, fields
from typing import List, Optional

@dataclass
class Item:
    name: str
    price: float
    quantity: int = 1
    tags: List[str] = field(default_factory=list)
    note: Optional[str] = None

    @property
    def total(self) -> float:
        return self.price * self.quantity

cart = [Item("pen", 1.5, 4), Item("book", 12.0, tags=["gift"]), Item("mug", 7.25, note="blue")]
cart[0].quantity += 2
for item in cart:
    print(item, item.total)
print(sum(i.total for i in cart))
print(asdict(cart[1]), astuple(cart[0]))
print(replace(cart[2], quantity=3) == cart[2], replace(cart[2], price=1.0))
print([f.name for f in fields(Item)])
Item("x", 1.0)
