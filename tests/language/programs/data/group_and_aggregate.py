from collections import defaultdict

orders = [
    {"id": 1, "customer": "ann", "total": 25.0, "status": "paid"},
    {"id": 2, "customer": "bob", "total": 13.5, "status": "open"},
    {"id": 3, "customer": "ann", "total": 99.9, "status": "paid"},
    {"id": 4, "customer": "cat", "total": 5.0, "status": "cancelled"},
    {"id": 5, "customer": "bob", "total": 41.0, "status": "paid"},
]

by_customer = defaultdict(list)
for order in orders:
    by_customer[order["customer"]].append(order)

summary = []
for customer, rows in by_customer.items():
    paid = [r for r in rows if r["status"] == "paid"]
    summary.append({
        "customer": customer,
        "n": len(rows),
        "paid": sum(r["total"] for r in paid),
        "ids": [r["id"] for r in rows],
    })

summary.sort(key=lambda r: (-r["paid"], r["customer"]))
for row in summary:
    print("{customer}: {n} orders, paid {paid:.2f}, ids {ids}".format(**row))

status_counts = {}
for o in orders:
    status_counts[o["status"]] = status_counts.get(o["status"], 0) + 1
print(status_counts)
*_, last = summary
last
