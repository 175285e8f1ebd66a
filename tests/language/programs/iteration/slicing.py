s = "abcdefghij"
nums = list(range(10))
print(s[2:5], s[:3], s[7:], s[-3:], s[::3], s[::-1], s[8:2:-2], s[-1:-4:-1], s[5:2], s[100:])
nums[2:4] = [20, 30, 40]
print(nums)
nums[::3] = ["x"] * len(nums[::3])
del nums[1::4]
print(nums, nums[slice(1, None, 2)])
last3 = slice(-3, None)
print(s[last3], slice(1, 10, 3).indices(6), nums[:] == nums, nums[:] is nums)
def rotate(xs, k):
    k %= len(xs)
    return xs[-k:] + xs[:-k]
print(rotate([1, 2, 3, 4, 5], 2), [nums[i:i + 3] for i in range(0, len(nums), 3)])
class Grid:
    def __getitem__(self, key):
        return key
g = Grid()
print(g[1], g[1:2], g[1, 2:3], g[..., ::2], g["a":"b"])
b = bytearray(range(6))
b[1:3] = b"\xff"
nums[-2:], list(b), (1, 2, 3)[1:], range(20)[5:15:4], "héllo"[1:3]
