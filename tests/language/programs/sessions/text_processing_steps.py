# %%
text = """Roses are red,
Violets are blue;
Sugar is sweet."""
lines = text.split("\n")
len(lines), lines[-1]
# %%
words = [w.strip(",;.").lower() for line in lines for w in line.split()]
words
# %%
from collections import Counter
top = Counter(words).most_common(1)[0]
top
# %%
acrostic = "".join(line[0] for line in lines)
print(acrostic, acrostic.swapcase()[::-1])
# %%
print("\n".join(f"{i:>2}. {line}" for i, line in enumerate(lines, 1)))
