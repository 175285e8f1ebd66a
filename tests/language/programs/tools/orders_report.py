total = 0
lines = []
for order in orders.list():
    line_total = order["quantity"] * order["price"]
    total += line_total
    lines.append((order["item"], order["quantity"], line_total))
lines.sort(key=lambda l: l[2], reverse=True)
print(f"{'item':<10}{'qty':>5}{'total':>10}")
for item, quantity, amount in lines:
    print(f"{item:<10}{quantity:>5}{amount:>10.2f}")
print("sum", round(total, 2))
open_orders = orders.list(status="open")
print(len(open_orders), [o["id"] for o in open_orders])
{"total": round(total, 2), "open": len(open_orders)}
