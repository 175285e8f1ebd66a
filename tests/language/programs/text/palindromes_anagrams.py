from collections import defaultdict

def is_palindrome(s):
    cleaned = [c.lower() for c in s if c.isalnum()]
    return cleaned == cleaned[::-1]

for s in ["A man, a plan, a canal: Panama", "race a car", "", "Was it a car or a cat I saw?"]:
    print(f"{s!r}: {is_palindrome(s)}")

words = ["listen", "silent", "enlist", "google", "elbow", "below", "cat"]
groups = defaultdict(list)
for w in words:
    groups["".join(sorted(w))].append(w)
print([g for g in groups.values() if len(g) > 1])

def longest_palindrome(s):
    best = ""
    for i in range(len(s)):
        for j in (i, i + 1):
            lo, hi = i, j
            while lo >= 0 and hi < len(s) and s[lo] == s[hi]:
                lo -= 1
                hi += 1
            best = max(best, s[lo + 1:hi], key=len)
    return best

print(longest_palindrome("forgeeksskeegfor"), longest_palindrome("abc"))
vowels = {v: sum(w.count(v) for w in words) for v in "aeiou"}
vowels
