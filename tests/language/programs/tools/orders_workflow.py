created = [orders.create("desk"), orders.create("chair", quantity=4)]
print([o["id"] for o in created], created[1]["status"])
for o in created:
    if o["quantity"] > 2:
        cancelled = orders.cancel(o["id"])
        print("cancelled", cancelled["id"], cancelled["status"])
try:
    orders.get(999)
except LookupError as e:
    print("not found:", e)
try:
    orders.cancel(created[1]["id"])
except ValueError as e:
    print("refused:", e)
by_status = {}
for o in orders.list():
    by_status.setdefault(o["status"], []).append(o["id"])
by_status
