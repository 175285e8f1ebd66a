def isbn10(code):
    digits = [10 if c == "X" else int(c) for c in code.replace("-", "")]
    return len(digits) == 10 and sum((10 - i) * d for i, d in enumerate(digits)) % 11 == 0

def ean13(code):
    *body, check = map(int, code)
    return (10 - sum(d * (3 if i % 2 else 1) for i, d in enumerate(body)) % 10) % 10 == check

def iban(text):
    text = text.replace(" ", "")
    rearranged = text[4:] + text[:4]
    return int("".join(str(int(c, 36)) for c in rearranged)) % 97 == 1

print([isbn10(c) for c in ("0-306-40615-2", "0-306-40615-3", "0-8044-2957-X")])
print(ean13("4006381333931"), ean13("4006381333932"))
print(iban("GB82 WEST 1234 5698 7654 32"), iban("GB82 WEST 1234 5698 7654 33"))
def crc8(data, poly=0x07):
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = ((crc << 1) ^ poly) & 0xFF if crc & 0x80 else crc << 1
    return crc
hex(crc8(b"123456789"))
