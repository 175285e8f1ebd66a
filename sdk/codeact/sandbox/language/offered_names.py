"""Which names of which modules a program may import: those that are handed on as they are."""

from __future__ import annotations

import abc
import base64
import binascii
import bisect
import calendar
import cmath
import collections
import collections.abc
import colorsys
import contextlib
import csv
import datetime
import decimal
import difflib
import fnmatch
import fractions
import functools
import graphlib
import hashlib
import heapq
import hmac
import html
import io
import ipaddress
import itertools
import json
import keyword
import math
import numbers
import operator
import pathlib
import pprint
import random
import re
import secrets
import statistics
import string
import struct
import sys
import textwrap
import time
import types
import typing
import unicodedata
import urllib.parse
import uuid
import zlib

LISTED: dict[types.ModuleType, str] = {
    math: """acos acosh asin asinh atan atan2 atanh cbrt ceil comb copysign cos cosh degrees dist e erf
        erfc exp exp2 expm1 fabs factorial floor fmod frexp fsum gamma gcd hypot inf isclose isfinite isinf
        isnan isqrt lcm ldexp lgamma log log10 log1p log2 modf nan nextafter perm pi pow prod radians
        remainder sin sinh sqrt tan tanh tau trunc ulp sumprod fma""",
    cmath: """acos asin atan cos cosh e exp inf infj isclose isfinite isinf isnan log log10 nan phase pi
        polar rect sin sinh sqrt tan tanh tau""",
    random: """betavariate binomialvariate choice choices expovariate gammavariate gauss getrandbits
        getstate lognormvariate normalvariate paretovariate randbytes randint random randrange sample seed
        setstate shuffle triangular uniform vonmisesvariate weibullvariate Random""",
    statistics: """NormalDist StatisticsError correlation covariance fmean geometric_mean harmonic_mean
        linear_regression mean median median_grouped median_high median_low mode multimode pstdev pvariance
        quantiles stdev variance""",
    itertools: """accumulate batched chain combinations combinations_with_replacement compress count cycle
        dropwhile filterfalse groupby islice pairwise permutations product repeat starmap takewhile tee
        zip_longest""",
    collections: "ChainMap Counter OrderedDict UserDict UserList defaultdict deque",
    collections.abc: """Callable Collection Container Generator Hashable Iterable Iterator Mapping
        MutableMapping MappingView AsyncGenerator AsyncIterable AsyncIterator MutableSequence MutableSet
        Reversible Sequence Set Sized ByteString KeysView ValuesView ItemsView Awaitable Coroutine""",
    datetime: "MAXYEAR MINYEAR UTC date datetime time timedelta timezone tzinfo",
    time: """asctime ctime gmtime localtime mktime monotonic monotonic_ns perf_counter perf_counter_ns
        process_time process_time_ns sleep strftime struct_time thread_time time time_ns timezone tzname""",
    calendar: """Calendar FRIDAY MONDAY SATURDAY SUNDAY THURSDAY TUESDAY TextCalendar WEDNESDAY calendar
        day_abbr day_name isleap leapdays month month_abbr month_name monthcalendar monthrange timegm
        weekday""",
    json: "JSONDecodeError JSONEncoder dump dumps load loads",
    re: """A ASCII DOTALL I IGNORECASE M MULTILINE PatternError S VERBOSE X compile error escape findall
        finditer fullmatch match search split sub subn""",
    decimal: """Context Decimal DecimalException DivisionByZero InvalidOperation ROUND_CEILING ROUND_DOWN
        ROUND_FLOOR ROUND_HALF_DOWN ROUND_HALF_EVEN ROUND_HALF_UP ROUND_UP Inexact Overflow Rounded
        Underflow getcontext localcontext setcontext""",
    fractions: "Fraction",
    heapq: "heapify heappop heappush heappushpop heapreplace merge nlargest nsmallest",
    bisect: "bisect bisect_left bisect_right insort insort_left insort_right",
    string: """Template ascii_letters ascii_lowercase ascii_uppercase capwords digits hexdigits octdigits
        printable punctuation whitespace""",
    textwrap: "TextWrapper dedent fill indent shorten wrap",
    base64: """a85decode a85encode b16decode b16encode b32decode b32encode b64decode b64encode b85decode
        b85encode decodebytes encodebytes standard_b64decode standard_b64encode urlsafe_b64decode
        urlsafe_b64encode""",
    hashlib: """algorithms_guaranteed blake2b blake2s md5 new pbkdf2_hmac sha1 sha224 sha256 sha384
        sha3_224 sha3_256 sha3_384 sha3_512 sha512 shake_128 shake_256""",
    html: "escape unescape",
    io: "BytesIO StringIO",
    csv: "DictReader DictWriter QUOTE_ALL QUOTE_MINIMAL QUOTE_NONE QUOTE_NONNUMERIC reader writer",
    struct: "Struct calcsize error pack unpack iter_unpack",
    unicodedata: "bidirectional category combining name normalize numeric lookup decimal digit",
    uuid: "UUID uuid4 uuid3 uuid5 NAMESPACE_DNS NAMESPACE_URL",
    numbers: "Complex Integral Number Rational Real",
    pprint: "pformat",
    types: "MappingProxyType",
    abc: "ABC abstractmethod",
    contextlib: """AbstractAsyncContextManager AbstractContextManager AsyncExitStack ContextDecorator
        ExitStack aclosing asynccontextmanager closing contextmanager nullcontext suppress""",
    operator: """abs add and_ concat contains countOf eq floordiv ge getitem gt indexOf inv invert is_
        is_not itemgetter le lshift lt mod mul matmul ne neg not_ or_ pos pow rshift setitem delitem sub
        truediv truth xor iadd isub imul itruediv ifloordiv imod ipow iand ior ixor ilshift irshift iconcat
        imatmul length_hint call""",
    typing: """AbstractSet Annotated Any AnyStr Callable ClassVar Collection Counter DefaultDict Deque Dict
        Final FrozenSet Generator Generic Hashable Iterable Iterator List Literal LiteralString Mapping
        MutableMapping NoReturn Never NewType Optional OrderedDict Pattern Match ParamSpec Protocol Self
        Sequence Set Sized SupportsFloat SupportsInt TypeAlias TypeVar Tuple TypeGuard Union cast final
        overload runtime_checkable Awaitable Coroutine AsyncIterator AsyncGenerator AsyncIterable
        AsyncContextManager BinaryIO ChainMap Concatenate Container ContextManager IO ItemsView KeysView
        MutableSequence MutableSet NotRequired ReadOnly Required Reversible SupportsAbs SupportsBytes
        SupportsComplex SupportsIndex SupportsRound Text TextIO TypeVarTuple Unpack ValuesView assert_never
        assert_type get_args get_origin is_typeddict override TYPE_CHECKING""",
    functools: "cache cached_property cmp_to_key lru_cache partial reduce",
    sys: "byteorder float_info hash_info int_info maxsize maxunicode version version_info getsizeof getrecursionlimit",
    binascii: "Error a2b_base64 b2a_base64 b2a_hex crc32 hexlify unhexlify",
    colorsys: "hls_to_rgb hsv_to_rgb rgb_to_hls rgb_to_hsv rgb_to_yiq yiq_to_rgb",
    difflib: "Differ SequenceMatcher context_diff get_close_matches ndiff restore unified_diff",
    fnmatch: "filter fnmatch fnmatchcase translate",
    graphlib: "CycleError TopologicalSorter",
    hmac: "compare_digest digest new",
    ipaddress: """AddressValueError IPv4Address IPv4Interface IPv4Network IPv6Address IPv6Interface
        IPv6Network NetmaskValueError collapse_addresses ip_address ip_interface ip_network
        summarize_address_range""",
    keyword: "iskeyword issoftkeyword kwlist softkwlist",
    pathlib: "PurePath PurePosixPath PureWindowsPath",
    secrets: "choice compare_digest randbelow randbits token_bytes token_hex token_urlsafe",
    urllib.parse: """ParseResult SplitResult parse_qs parse_qsl quote quote_plus unquote unquote_plus
        unquote_to_bytes urldefrag urlencode urljoin urlparse urlsplit urlunparse urlunsplit""",
    zlib: """MAX_WBITS Z_BEST_COMPRESSION Z_BEST_SPEED Z_DEFAULT_COMPRESSION adler32 compress compressobj
        crc32 decompress decompressobj error""",
}
