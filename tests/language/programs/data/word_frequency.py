import re
import string
from collections import Counter

text = """
It was the best of times, it was the worst of times, it was the age of wisdom,
it was the age of foolishness, it was the epoch of belief...
"""

cleaned = text.lower().translate(str.maketrans("", "", string.punctuation))
words = cleaned.split()
freq = Counter(words)
for word, count in freq.most_common(5):
    print(f"{word:>8} {'#' * count} {count}")

longest = max(words, key=len)
print("longest:", longest, len(longest))
by_length = {}
for w in sorted(set(words)):
    by_length.setdefault(len(w), []).append(w)
print(by_length)
print(len(re.findall(r"\bit\b", text, flags=re.IGNORECASE)))
freq.update(["it", "it"])
freq.subtract({"was": 2})
print(freq["it"], freq["was"], freq["missing"])
sum(freq.values())
