import numpy as np

names = np.array(["ann", "bob", "christine"])
print(names.dtype, np.char.upper(names), np.char.add(names, "!"), np.char.str_len(names), np.char.startswith(names, "b"))
print(np.char.replace(names, "n", "N"), np.char.capitalize(names), np.char.find(names, "n"), np.sort(names)[::-1], np.char.center(names, 5, "*"))
people = np.array([("Ann", 31, 1.65), ("Bob", 25, 1.8)], dtype=[("name", "U10"), ("age", "i4"), ("height", "f8")])
print(people["name"], people["age"].mean(), people[people["age"] > 30]["name"], people.dtype.names)
people["age"] += 1
print(np.sort(people, order="age")["name"], people[0]["height"], people[0])
dates = np.array(["2024-01-30", "2024-03-01"], dtype="datetime64[D]")
print(dates, dates[1] - dates[0], dates + np.timedelta64(1, "D"), np.datetime64("2024-02-29").astype("datetime64[M]"))
print(np.arange("2024-01", "2024-04", dtype="datetime64[M]"), np.array(["1", "2.5"]).astype(float), np.array([1, 2]).astype(str))
people
