def pipeline(*steps):
    def run(value, trace=False):
        for step in steps:
            value = step(value)
            if trace:
                print(f"after {getattr(step, '__name__', 'lambda')}: {value}")
        return value
    return run

def tokenize(text): return text.lower().split()
def drop_short(words, n=3): return [w for w in words if len(w) > n]
def count(words): return {w: words.count(w) for w in dict.fromkeys(words)}

process = pipeline(tokenize, drop_short, count)
print(process("The rain in Spain stays mainly in the plain plain", trace=True))
top = pipeline(process, lambda d: sorted(d.items(), key=lambda kv: (-kv[1], kv[0])), lambda xs: xs[:2])
top("one two three three four four four")
