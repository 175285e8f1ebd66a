import csv
import io
from collections import Counter

raw = """name,department,salary,start
Alice,Engineering,95000,2019-03-01
Bob,Marketing,62000,2020-07-15
Carol,Engineering,105000,2016-11-30
"Dave, Jr.",Sales,51000,2021-01-10
"""

reader = csv.DictReader(io.StringIO(raw))
rows = [dict(r, salary=int(r["salary"])) for r in reader]
print(reader.fieldnames)
print(rows[3]["name"], rows[3]["salary"])

counts = Counter(r["department"] for r in rows)
print(counts.most_common())

out = io.StringIO()
writer = csv.DictWriter(out, fieldnames=["name", "salary"], extrasaction="ignore")
writer.writeheader()
for r in sorted(rows, key=lambda r: r["salary"]):
    writer.writerow(r)
print(out.getvalue())

with io.StringIO() as buffer:
    w = csv.writer(buffer, delimiter=";", quoting=csv.QUOTE_ALL)
    w.writerow(["a", 1, None, "x;y"])
    w.writerows([[1, 2], [3, 4]])
    text = buffer.getvalue()
text.splitlines()
