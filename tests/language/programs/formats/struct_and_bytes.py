import struct
import io
import array

packed = struct.pack("<IHb4s", 1234567, 42, -5, b"abcd")
print(packed, struct.calcsize("<IHb4s"), struct.unpack("<IHb4s", packed))
point = struct.Struct(">2d")
raw = point.pack(1.5, -2.25)
print(point.size, point.unpack(raw), [v for (v,) in struct.iter_unpack("<H", b"\x01\x00\x02\x00")])
buf = io.BytesIO()
buf.write(b"hello ")
buf.write(b"world")
buf.seek(6)
print(buf.read(3), buf.tell(), buf.getvalue())
text = io.StringIO("line one\nline two\n")
print(text.readline().strip(), [l.rstrip() for l in text], text.tell() > 0)
a = array.array("i", [1, 2, 3])
a.append(4)
a[0] *= 10
print(a, a.typecode, sum(a), a.tolist())
try:
    struct.unpack("<I", b"abc")
except struct.error as e:
    print("struct.error:", e)
header = {"magic": b"\x89PNG", "size": (640, 480)}
blob = header["magic"] + struct.pack("!2L", *header["size"])
blob.hex(" ")
