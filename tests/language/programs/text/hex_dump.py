data = bytes(range(0, 48, 3)) + "Grüße\n".encode() + b"end"

def dump(data, width=16):
    for offset in range(0, len(data), width):
        chunk = data[offset:offset + width]
        hexes = " ".join(f"{b:02x}" for b in chunk)
        text = "".join(chr(b) if 32 <= b < 127 else "." for b in chunk)
        print(f"{offset:08x}  {hexes:<{width * 3}} |{text}|")

dump(data)
print(data.find(b"end"), data[-3:].decode(), data[:4].hex("-"), int.from_bytes(data[:3], "little"))
checksum = 0
for b in data:
    checksum = (checksum << 1 ^ b) & 0xFFFF
f"{checksum:#06x}"
