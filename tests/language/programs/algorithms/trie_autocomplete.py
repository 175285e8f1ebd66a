class TrieNode:
    def __init__(self):
        self.children = {}
        self.is_word = False
        self.count = 0

class Trie:
    def __init__(self, words=()):
        self.root = TrieNode()
        for w in words:
            self.insert(w)

    def insert(self, word):
        node = self.root
        for ch in word:
            node = node.children.setdefault(ch, TrieNode())
            node.count += 1
        node.is_word = True

    def _find(self, prefix):
        node = self.root
        for ch in prefix:
            if ch not in node.children:
                return None
            node = node.children[ch]
        return node

    def __contains__(self, word):
        node = self._find(word)
        return node is not None and node.is_word

    def complete(self, prefix, limit=3):
        def walk(node, path):
            if node.is_word:
                yield path
            for ch, child in sorted(node.children.items()):
                yield from walk(child, path + ch)
        start = self._find(prefix)
        if start is None:
            return []
        results = []
        for w in walk(start, prefix):
            results.append(w)
            if len(results) == limit:
                break
        return results

t = Trie("car card care cart dog do done".split())
print("car" in t, "ca" in t, t.complete("car"), t.complete("do", 10), t.complete("x"), t.root.children["c"].count)
