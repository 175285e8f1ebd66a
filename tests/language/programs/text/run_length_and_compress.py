from itertools import groupby
import zlib
import base64

def rle(s):
    return "".join(f"{len(list(g))}{k}" for k, g in groupby(s))

def unrle(s):
    out, count = [], ""
    for ch in s:
        if ch.isdigit():
            count += ch
        else:
            out.append(ch * int(count))
            count = ""
    return "".join(out)

packed = rle("WWWWBBBWWCC")
print(packed, unrle(packed))
raw = b"spam and eggs " * 50
small = zlib.compress(raw, 9)
print(len(raw), len(small) < 60, zlib.decompress(small) == raw, zlib.crc32(b"hello"), zlib.adler32(b"hello"))
print(base64.b64encode(b"any carnal pleas").decode(), base64.b64decode("aGk="), base64.b32encode(b"hi"), base64.b16encode(b"\xab"))
print(base64.urlsafe_b64encode(b"\xfb\xff\xfe"), base64.b85encode(b"hello"))
