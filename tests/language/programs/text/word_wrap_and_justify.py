def justify(text, width):
    words, lines, current = text.split(), [], []
    for word in words:
        if sum(map(len, current)) + len(current) + len(word) > width:
            lines.append(current)
            current = []
        current.append(word)
    out = []
    for line in lines:
        gaps = len(line) - 1
        if gaps == 0:
            out.append(line[0])
            continue
        spare = width - sum(map(len, line))
        spaces = [spare // gaps + (i < spare % gaps) for i in range(gaps)]
        out.append("".join(w + " " * s for w, s in zip(line, [*spaces, 0])))
    return "\n".join([*out, " ".join(current)])

print(justify("This is an example of text justification that fills each line evenly.", 20))
