results, errors = {}, {}
for order_id in (1, 2, 77, 3):
    try:
        order = orders.get(order_id)
        if order["status"] == "cancelled":
            raise RuntimeError(f"order {order_id} was cancelled")
        results[order_id] = order["item"]
    except LookupError as e:
        errors[order_id] = f"{type(e).__name__}: {e}"
    except RuntimeError as e:
        errors[order_id] = str(e)
    finally:
        print("checked", order_id)
print(results)
print(errors)
def guarded(call, *args, default=None, **kwargs):
    try:
        return call(*args, **kwargs)
    except Exception as e:
        return default if default is not None else type(e).__name__
guarded(orders.get, 88), guarded(weather, city="Nowhere", default="?"), guarded(orders.get, 1)["item"]
