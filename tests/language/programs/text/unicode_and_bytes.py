s = "héllo wörld ✓ 日本"
encoded = s.encode("utf-8")
print(len(s), len(encoded), encoded[:6], encoded.decode("utf-8") == s)
print([hex(b) for b in encoded[1:3]], bytes([72, 105]), bytearray(b"abc"), b"\x00\xff".hex(), bytes.fromhex("cafe01"))
print(s.encode("ascii", errors="replace"), s.encode("ascii", "xmlcharrefreplace"), s.encode("latin-1", "ignore"))
data = bytearray(b"hello")
data[0] = ord("J")
data += b"!"
data.extend([33, 33])
print(data, data.decode(), data.count(b"!"), bytes(reversed(data)))
try:
    b"\xff\xfe".decode("utf-8")
except UnicodeDecodeError as e:
    print(type(e).__name__, e.reason, e.start)
n = int.from_bytes(b"\x01\x00", "big")
print(n, (1024).to_bytes(4, byteorder="little"), int.from_bytes(b"\xff", "big", signed=True))
print(ord("✓"), chr(128512), "\N{BULLET}", "\u00e9" == "é", ascii("é"))
print(b"a,b".split(b","), b"abc".upper(), b"abc"[1], b"abc"[1:2], b" x ".strip(), b"%d" % 5)
"".join(map(chr, range(97, 103))), sum(encoded) % 256
