meetings = [("standup", 9.0, 9.25), ("review", 10, 11), ("lunch", 12, 13), ("planning", 10.5, 12.5)]

def clock(t):
    hours, minutes = divmod(round(t * 60), 60)
    return f"{hours:02d}:{minutes:02d}"

conflicts = []
for i, (a, start_a, end_a) in enumerate(meetings):
    for b, start_b, end_b in meetings[i + 1:]:
        if start_a < end_b and start_b < end_a:
            conflicts.append((a, b, clock(max(start_a, start_b)), clock(min(end_a, end_b))))
for a, b, start, end in conflicts:
    print(f"{a} and {b} clash from {start} to {end}")
busy = sum(end - start for _, start, end in meetings)
print(f"{busy:.2f} h booked")
sorted(meetings, key=lambda m: m[1] - m[2])[0][0]
