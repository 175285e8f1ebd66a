import json

report = {}
for obj in camera.objects():
    entry = report.setdefault(obj["color"], {"count": 0, "names": [], "reach": []})
    entry["count"] += 1
    entry["names"].append(obj["name"])
    x, y, z = obj["position"]
    entry["reach"].append(round((x * x + y * y + z * z) ** 0.5, 3))
print(json.dumps(report, indent=1, sort_keys=True))
closest = min((min(e["reach"]), c) for c, e in report.items())
print("closest colour:", closest[1], closest[0])
{c: max(e["reach"]) for c, e in report.items()}
