from collections import Counter, defaultdict, deque, OrderedDict, ChainMap, namedtuple

c = Counter("abracadabra")
print(c, c.most_common(2), c["z"], sum(c.values()), sorted(c.elements())[:6], Counter(a=3) - Counter(a=1, b=2), Counter("ab") + Counter("b"), c & Counter("aab"))
d = defaultdict(lambda: defaultdict(int))
for word in ["apple", "ant", "bee"]:
    d[word[0]][len(word)] += 1
print({k: dict(v) for k, v in d.items()}, defaultdict(list, {"x": [1]}))
q = deque([1, 2, 3], maxlen=4)
q.append(4); q.append(5); q.appendleft(0); q.rotate(1)
print(q, q.pop(), q.popleft(), list(q), q[0], q.maxlen, deque("abc"))
od = OrderedDict(b=1, a=2)
od.move_to_end("b")
print(od, od.popitem(last=False), list(od))
settings = ChainMap({"debug": True}, {"debug": False, "level": 3})
print(settings["debug"], settings["level"], dict(settings), settings.new_child({"level": 9})["level"], len(settings.maps))

class LRU:
    def __init__(self, size):
        self.size, self.data = size, OrderedDict()
    def get(self, key):
        if key not in self.data:
            return None
        self.data.move_to_end(key)
        return self.data[key]
    def put(self, key, value):
        self.data[key] = value
        self.data.move_to_end(key)
        if len(self.data) > self.size:
            self.data.popitem(last=False)

lru = LRU(2)
lru.put("a", 1); lru.put("b", 2); lru.get("a"); lru.put("c", 3)
list(lru.data), lru.get("b")
