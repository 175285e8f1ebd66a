PRICES = {"milk": 1.2, "bread": 2.5, "cheese": 4.75}
cart = [("milk", 2), ("cheese", 1), ("caviar", 1)]
total, missing = 0, []
for item, quantity in cart:
    try:
        total += PRICES[item] * quantity
    except KeyError as error:
        missing.append(error.args[0])
discount = 0.1 if total > 5 else 0
final = total * (1 - discount)
print(f"Total: {total:.2f}, discount: {discount:.0%}, to pay: {final:.2f}")
if missing:
    print("Not available:", ", ".join(missing))
receipt = "\n".join(f"{q} x {i:<8}{PRICES.get(i, 0) * q:>7.2f}" for i, q in cart)
print(receipt)
round(final, 2)
