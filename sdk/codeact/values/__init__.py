"""Which values cross between a program in the sandbox and its host, and how.

These cross, exactly: None, bool, int of any size, float, complex, str, bytes, list, tuple, set, frozenset, dict, the
dataclasses and enums that a toolbox declares, numpy arrays and numpy scalars (no object dtype), and images.
Everything else is refused with `UnsupportedValue`, which names the type, the place and what is allowed. There is no
pickle: what is decoded can only ever be one of these.

On the wire a value is msgpack. None, bool, int up to 64 bits, float, str, bytes and list are msgpack's own; each
other kind is a map with one key, its tag, as `pack` shows. Both ends share this package.

    packing.py, unpacking.py   to the wire form and from it (forms.py: what both agree on)
    plain.py                   which values need none of that
    wire_check.py, encoding.py bytes: looked through before they are decoded, and whole values as bytes
    image.py                   pictures
    declared.py                the classes that tools declare, as data
    readable.py                a form for traces
    omitted.py                 what stands in a record for a value that is too large for it
"""

from __future__ import annotations

from codeact.values.declared import describe_types as describe_types
from codeact.values.declared import make_types as make_types
from codeact.values.encoding import decode as decode
from codeact.values.encoding import encode as encode
from codeact.values.forms import ALLOWED as ALLOWED
from codeact.values.forms import MAX_BYTES as MAX_BYTES
from codeact.values.forms import MAX_DEPTH as MAX_DEPTH
from codeact.values.image import Image as Image
from codeact.values.omitted import Omitted as Omitted
from codeact.values.omitted import size_of as size_of
from codeact.values.omitted import without_large as without_large
from codeact.values.packing import Put as Put
from codeact.values.packing import pack as pack
from codeact.values.plain import is_plain as is_plain
from codeact.values.readable import to_json as to_json
from codeact.values.unpacking import Build as Build
from codeact.values.unpacking import Take as Take
from codeact.values.unpacking import unpack as unpack
from codeact.values.wire_check import MAX_CONTAINERS as MAX_CONTAINERS
from codeact.values.wire_check import MAX_ITEMS as MAX_ITEMS
from codeact.values.wire_check import check_wire as check_wire
