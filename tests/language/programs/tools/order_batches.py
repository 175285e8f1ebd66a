from collections import Counter

wanted = ["desk", "chair", "chair", "lamp", "chair", "desk"]
created = {}
for item, quantity in Counter(wanted).most_common():
    order = orders.create(item, quantity)
    created[order["id"]] = order
    print(f"#{order['id']} {order['quantity']} x {order['item']} = {order['quantity'] * order['price']:.2f}")
budget = 60.0
spent = sum(o["quantity"] * o["price"] for o in created.values())
for order_id in sorted(created, reverse=True):
    if spent <= budget:
        break
    spent -= created[order_id]["quantity"] * created[order_id]["price"]
    print("cancel", orders.cancel(order_id)["item"])
spent, [o["status"] for o in map(lambda i: orders.get(i), created)]
