cities = ["Oslo", "Rome", "Cairo"]
reports = {city: weather(city) for city in cities}
for city, report in reports.items():
    advice = "coat" if report["celsius"] < 10 else "umbrella" if report["rain"] > 0.5 else "sunglasses"
    print(f"{city}: {report['celsius']:.1f}°C, rain {report['rain']:.0%} -> {advice}")
warmest = max(reports, key=lambda c: reports[c]["celsius"])
fahrenheit = {c: round(r["celsius"] * 9 / 5 + 32, 1) for c, r in reports.items()}
print(warmest, fahrenheit)
try:
    weather("Atlantis")
except LookupError as e:
    print("no weather:", e)
mean = sum(r["celsius"] for r in reports.values()) / len(reports)
round(mean, 2)
