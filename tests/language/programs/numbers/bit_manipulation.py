def bits(n, width=8):
    return f"{n:0{width}b}"

x, y = 0b11001010, 0b10101100
for name, value in {"and": x & y, "or": x | y, "xor": x ^ y, "not": ~x & 0xFF, "shl": (x << 2) & 0xFF, "shr": x >> 3}.items():
    print(f"{name:<4}{bits(value)} {value:#04x}")
print(x.bit_length(), bin(x).count("1"), x.bit_count(), (x & -x), x & (x - 1))
flags = 0
READ, WRITE, EXEC = (1 << i for i in range(3))
flags |= READ | EXEC
flags &= ~READ
flags ^= WRITE
print(flags, bool(flags & EXEC), bool(flags & READ), flags == WRITE | EXEC)

def gray(n):
    return n ^ (n >> 1)

print([bits(gray(i), 3) for i in range(8)], int("1011", 2), int("0xff", 16), int("777", 8), 0o17, hex(~0 & 0xFFFF))
def single_number(nums):
    result = 0
    for n in nums:
        result ^= n
    return result
def subsets(items):
    return [[items[i] for i in range(len(items)) if mask >> i & 1] for mask in range(1 << len(items))]
single_number([4, 1, 2, 1, 2]), subsets("abc")
