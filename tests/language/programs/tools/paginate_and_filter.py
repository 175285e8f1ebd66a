def pages(fetch, size=2):
    offset = 0
    while True:
        page = fetch()[offset:offset + size]
        if not page:
            return
        yield page
        offset += size

for number, page in enumerate(pages(orders.list), 1):
    print(number, [o["item"] for o in page])

expensive = [o for o in orders.list() if o["price"] > 10]
cheap = [o for o in orders.list() if o not in expensive]
print(len(expensive), len(cheap), sorted(o["item"] for o in cheap))

def apply_discount(order, percent):
    discounted = dict(order)
    discounted["price"] = round(order["price"] * (100 - percent) / 100, 2)
    return discounted

updated = [apply_discount(o, 10) if o in expensive else o for o in orders.list()]
[o["price"] for o in updated]
