import traceback
import warnings
import sys

def deprecated(x):
    warnings.warn("deprecated() will go away", DeprecationWarning, stacklevel=2)
    return x * 2

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    print(deprecated(4))
    print(len(caught), caught[0].category.__name__, caught[0].message)

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    with warnings.catch_warnings(action="ignore"):
        warnings.warn("nobody hears this")
    warnings.warn("and everybody this")
    print([str(each.message) for each in caught])

def fails():
    raise LookupError("nothing here")

try:
    fails()
except LookupError as e:
    text = traceback.format_exc()
    print(text.splitlines()[0])
    print(text.strip().splitlines()[-1])
    print("".join(traceback.format_exception_only(type(e), e)).strip())
    print("error on stderr", file=sys.stderr)
