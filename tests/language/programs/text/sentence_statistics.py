import re
text = "Hello there! How are you? I'm fine, thanks. This is a longer sentence, with several words in it."
sentences = [s.strip() for s in re.split(r"(?<=[.!?])\s+", text) if s.strip()]
for s in sentences:
    found = re.findall(r"[A-Za-z']+", s)
    print(f"{len(found):>2} words, {len(s):>3} chars: {s[:20]}{'...' if len(s) > 20 else ''}")
letters = [c for c in text.lower() if c.isalpha()]
frequency = {c: letters.count(c) for c in sorted(set(letters))}
print(sorted(frequency.items(), key=lambda kv: (-kv[1], kv[0]))[:5])
print(text.title().swapcase()[:30], text.upper().count("E"), text.find("fine"), text[-4:-1])
longest = max(re.findall(r"\w+", text), key=len)
longest, sum(map(len, text.split())) / len(text.split())
