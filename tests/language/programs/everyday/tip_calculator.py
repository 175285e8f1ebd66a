def split_bill(total, people, tip=0.15):
    if people <= 0:
        raise ValueError("there must be someone to pay")
    with_tip = round(total * (1 + tip), 2)
    share = round(with_tip / people, 2)
    rest = round(with_tip - share * people, 2)
    return share, rest

for total, people in [(100, 3), (58.4, 4), (10, 0)]:
    try:
        share, rest = split_bill(total, people)
        print(f"{total:>7.2f} for {people}: {share:.2f} each, {rest:+.2f} left")
    except ValueError as e:
        print("error:", e)
split_bill(80, 2, tip=0.2)
