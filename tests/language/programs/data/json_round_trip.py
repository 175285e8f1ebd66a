import json
from datetime import date, datetime
from decimal import Decimal


class Encoder(json.JSONEncoder):
    def default(self, obj):
        if isinstance(obj, (date, datetime)):
            return obj.isoformat()
        if isinstance(obj, Decimal):
            return float(obj)
        if isinstance(obj, set):
            return sorted(obj)
        return super().default(obj)


payload = {
    "when": date(2024, 5, 17),
    "amount": Decimal("12.50"),
    "tags": {"b", "a"},
    "nested": {"ok": True, "nothing": None, "ratio": 0.125},
}
text = json.dumps(payload, cls=Encoder, sort_keys=True)
print(text)
back = json.loads(text)
print(back["tags"], back["nested"]["nothing"] is None)
try:
    json.dumps({"bad": object()})
except TypeError as e:
    print("TypeError:", e)
try:
    json.loads('{"a": 1,}')
except json.JSONDecodeError as e:
    print(f"{e.msg} at line {e.lineno} column {e.colno}")
json.dumps([1, 2, {"a": "é"}], ensure_ascii=False, separators=(",", ":"))
