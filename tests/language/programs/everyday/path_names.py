from pathlib import PurePosixPath, PurePath

p = PurePosixPath("/data/reports") / "2024" / "summary.tar.gz"
print(p.name, p.stem, p.suffix, p.suffixes, p.parent, p.parts[-2])
print(p.with_suffix(".zip"), p.with_name("x.txt"), p.relative_to("/data"), p.is_absolute(), str(p).upper()[:5])
files = [PurePosixPath(n) for n in ("a/b.py", "a/c.txt", "d.py")]
print([str(f) for f in files if f.match("*.py")], sorted(files)[0], PurePosixPath("a") / "b" == PurePosixPath("a/b"))
by_suffix = {}
for f in files:
    by_suffix.setdefault(f.suffix, []).append(f.stem)
by_suffix
