warehouse = {"A": {"bolts": [5, 7], "nuts": [1]}, "B": {"bolts": [2]}}
warehouse["A"]["bolts"][0] += 10
warehouse["A"]["bolts"][-1] -= 2
warehouse["B"]["nuts"] = warehouse["A"]["nuts"][:]
warehouse["B"]["nuts"][0] *= 4
warehouse["A"]["bolts"] += [100]
warehouse["B"].setdefault("screws", []).append(3)
total = 0
for site, parts in warehouse.items():
    for part, counts in parts.items():
        total += sum(counts)
        print(f"{site}/{part}: {counts}")
print("total", total)
matrix = [[i * j for j in range(4)] for i in range(4)]
matrix[2][3] //= 4
matrix[1][1] **= 5
matrix[3][0] |= 6
matrix[3][1] ^= 1
matrix[3][2] <<= 2
matrix[3][3] %= 4
matrix
