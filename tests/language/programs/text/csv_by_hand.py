text = 'id,name,note\n1,"Smith, J.",said ""hi""\n2,Lee,\n'

def parse_line(line):
    fields, field, quoted = [], "", False
    i = 0
    while i < len(line):
        ch = line[i]
        if ch == '"':
            if quoted and line[i + 1:i + 2] == '"':
                field += '"'
                i += 1
            else:
                quoted = not quoted
        elif ch == "," and not quoted:
            fields.append(field)
            field = ""
        else:
            field += ch
        i += 1
    return [*fields, field]

header, *rows = map(parse_line, text.strip().split("\n"))
for row in rows:
    print(dict(zip(header, row)))
len(rows)
