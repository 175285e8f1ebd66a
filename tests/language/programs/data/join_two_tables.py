customers = [{"id": 1, "name": "Ann"}, {"id": 2, "name": "Bob"}, {"id": 3, "name": "Cy"}]
orders = [{"customer": 1, "total": 20}, {"customer": 1, "total": 5}, {"customer": 3, "total": 7}, {"customer": 9, "total": 1}]
names = {c["id"]: c["name"] for c in customers}
joined = [{**o, "name": names.get(o["customer"], "<unknown>")} for o in orders]
for row in joined:
    print(f"{row['name']:<10} {row['total']:>4}")
totals = {c["name"]: sum(o["total"] for o in orders if o["customer"] == c["id"]) for c in customers}
print(totals)
without = [n for n, t in totals.items() if not t]
print("no orders:", without or "none")
max(totals.items(), key=lambda kv: kv[1])
