def collector(done):
    words = []
    while True:
        ch = yield
        if ch is None:
            done(words)
            return
        words.append(ch)

def splitter(target):
    next(target)
    buffer = ""
    while True:
        ch = yield
        if ch is None:
            if buffer:
                target.send(buffer)
            try:
                target.send(None)
            except StopIteration:
                pass
            yield "finished"
        elif ch == " ":
            target.send(buffer)
            buffer = ""
        else:
            buffer += ch

results = []
s = splitter(collector(results.extend))
next(s)
for ch in "to be or":
    s.send(ch)
print(s.send(None), results)
