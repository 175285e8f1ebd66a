# Total sales by region, with each region's share.
sales = [
    {"region": "North", "amount": 1200.50, "items": 3},
    {"region": "South", "amount": 850.00, "items": 2},
    {"region": "North", "amount": 430.25, "items": 1},
    {"region": "East", "amount": 990.10, "items": 4},
    {"region": "South", "amount": 120.00, "items": 1},
]

totals = {}
for sale in sales:
    region = sale["region"]
    if region not in totals:
        totals[region] = {"amount": 0.0, "items": 0}
    totals[region]["amount"] += sale["amount"]
    totals[region]["items"] += sale["items"]

grand_total = sum(t["amount"] for t in totals.values())
print(f"{'Region':<10}{'Amount':>12}{'Items':>7}{'Share':>9}")
for region, t in sorted(totals.items(), key=lambda kv: kv[1]["amount"], reverse=True):
    share = t["amount"] / grand_total
    print(f"{region:<10}{t['amount']:>12,.2f}{t['items']:>7}{share:>9.1%}")
print(f"Total: {grand_total:,.2f}")
max(totals, key=lambda r: totals[r]["amount"])
