"""numpy as a program sees it: listed names. No file, no memory map, no foreign buffer, no raw pointer."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from codeact.sandbox.language.views import ModuleView, Token, token
from codeact.sandbox.text import words

_NAMES = """\
abs absolute add all allclose amax amin angle any append apply_along_axis apply_over_axes arange arccos arccosh
arcsin arcsinh arctan arctan2 arctanh argmax argmin argpartition argsort argwhere around array array2string
array_equal array_repr array_split array_str asarray astype atleast_1d atleast_2d atleast_3d average bincount
bitwise_and bitwise_count bitwise_not bitwise_or bitwise_xor base_repr binary_repr block bool bool_ broadcast_arrays
broadcast_shapes broadcast_to c_ cbrt ceil choose clip column_stack complex128 complex64 compress concat concatenate
conj conjugate convolve copy copysign corrcoef correlate cos cosh count_nonzero cov cross cumprod cumsum
cumulative_prod cumulative_sum busday_count can_cast datetime64 datetime_as_string deg2rad degrees delete diag
diag_indices diagflat diagonal diff digitize divide divmod dot dsplit dstack e ediff1d einsum einsum_path empty
empty_like equal errstate euler_gamma exp exp2 expand_dims expm1 extract eye fabs fill_diagonal finfo fix
flatnonzero flip fliplr flipud float16 float32 float64 float_power floor floor_divide fmax fmin fmod frexp
fromfunction fromiter frompyfunc full full_like gcd get_printoptions geomspace gradient greater greater_equal
heaviside histogram histogram2d histogram_bin_edges histogramdd hsplit hstack hypot identity iinfo imag in1d indices
inf inner insert int16 int32 int64 int8 int_ interp intersect1d intp invert isclose iscomplex iscomplexobj isfinite
isin isinf isnan isneginf isposinf isreal isrealobj isscalar ix_ kron lcm ldexp less less_equal lexsort
linspace log log10 log1p log2 logaddexp logaddexp2 logical_and logical_not logical_or logical_xor logspace
mask_indices matmul matvec max maximum mean median meshgrid mgrid min minimum mod modf moveaxis multiply nan
nan_to_num nanargmax nanargmin nancumprod nancumsum nanmax nanmean nanmedian nanmin nanpercentile nanprod
nanquantile nanstd nansum nanvar ndenumerate ndim ndindex negative newaxis nextafter nonzero not_equal ogrid ones
ones_like outer pad packbits partition percentile pi piecewise place poly poly1d polyadd polyder polydiv polyfit
polyint polymul polysub polyval positive power printoptions prod promote_types ptp put put_along_axis putmask
quantile r_ rad2deg radians ravel ravel_multi_index real real_if_close reciprocal remainder repeat reshape resize
result_type right_shift rint roll rollaxis roots rot90 round row_stack s_ searchsorted select set_printoptions
setdiff1d setxor1d shape sign signbit sin sinc sinh size sort sort_complex spacing split sqrt square squeeze stack
std subtract sum swapaxes take take_along_axis tan tanh tensordot tile timedelta64 trace transpose trapezoid trapz
tri tril tril_indices tril_indices_from trim_zeros triu triu_indices triu_indices_from true_divide trunc uint uint16
uint32 uint64 uint8 union1d unpackbits unique unravel_index unwrap vander var vdot vecdot vectorize vsplit vstack
where zeros zeros_like"""

_LINALG = """\
LinAlgError cholesky cond cross det diagonal eig eigh eigvals eigvalsh inv lstsq matmul matrix_norm matrix_power
matrix_rank multi_dot norm outer pinv qr slogdet solve svd svdvals tensordot trace vector_norm"""

_FFT = "fft fft2 fftfreq fftn fftshift hfft ifft ifft2 ifftn ifftshift ihfft irfft rfft rfftfreq"

_RANDOM = """beta binomial choice exponential gamma normal permutation poisson rand randint randn random random_sample
sample seed shuffle standard_normal uniform"""

_CHAR = """\
add capitalize center count decode encode endswith equal expandtabs find greater index isalnum isalpha isdecimal
isdigit islower isnumeric isspace istitle isupper join less ljust lower lstrip mod multiply not_equal partition
replace rfind rindex rjust rpartition rsplit rstrip split splitlines startswith str_len strip swapcase title
translate upper zfill"""

_POLYNOMIALS = "Chebyshev Hermite Laguerre Legendre Polynomial"

_TYPES = """ndarray number integer floating complexfloating generic signedinteger unsignedinteger inexact character
str_ bytes_ ufunc void flexible object_"""


class _IndexTool:
    """`np.r_` and `np.c_`. With a text alone numpy would look for variables of that name in the calling frame, which
    may be one of ours."""

    __slots__ = ("_tool",)

    def __init__(self, tool: Any) -> None:
        self._tool = tool

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, str):
            raise TypeError("names of variables are not available here; use the variables themselves")
        return self._tool[key]


def _listed(module: Any, names: str) -> dict[str, Any]:
    return {name: getattr(module, name) for name in names.split() if hasattr(module, name)}


def _default_rng(seed: Any = None) -> np.random.Generator:
    """Without a seed it follows the session's own, so that the same program gives the same result."""
    return np.random.default_rng(random.getrandbits(64) if seed is None else seed)


def _random_state(seed: Any = None) -> np.random.RandomState:
    return np.random.RandomState(random.getrandbits(32) if seed is None else seed)


def limited_numpy() -> dict[type, frozenset[str]]:
    """Types of which only some attributes may be read, besides arrays and their generators."""
    return {
        np.poly1d: words("""c coef coefficients coeffs deriv integ o order r roots variable"""),
        np.polynomial.Polynomial.__mro__[1]: words(
            """basis coef convert copy cutdeg degree deriv domain fit fromroots identity integ linspace mapparms
            roots symbol trim truncate window"""
        ),
    }


def _dtype(kind: Any, **_: Any) -> Any:
    made: Any = np.dtype(kind)
    if made.hasobject:
        raise TypeError("object arrays are not available through dtype here; use a list")
    return made


def _is_subtype(kind: Any, above: Any) -> bool:
    return bool(np.issubdtype(*[each._type if type(each) is Token else each for each in (kind, above)]))


def numpy_views() -> dict[str, ModuleView]:
    """`numpy` and the parts of it that are offered, by name."""
    linalg = ModuleView("numpy.linalg", _listed(np.linalg, _LINALG))
    fft = ModuleView("numpy.fft", _listed(np.fft, _FFT))
    chance = ModuleView(
        "numpy.random",
        {**_listed(np.random, _RANDOM), "default_rng": _default_rng, "Generator": token(np.random.Generator)}
        | {"RandomState": _random_state},
    )
    char = ModuleView("numpy.char", _listed(np.char, _CHAR))
    strings = ModuleView("numpy.strings", _listed(getattr(np, "strings", np.char), _CHAR))
    polynomial = ModuleView("numpy.polynomial", _listed(np.polynomial, _POLYNOMIALS))
    strides = ModuleView("numpy.lib.stride_tricks", _listed(np.lib.stride_tricks, "broadcast_to sliding_window_view"))
    library = ModuleView("numpy.lib", {"stride_tricks": strides})
    names = {
        **_listed(np, _NAMES),
        **{name: token(getattr(np, name)) for name in _TYPES.split() if hasattr(np, name)},
        "dtype": _dtype,
        "issubdtype": _is_subtype,
        "r_": _IndexTool(np.r_),
        "c_": _IndexTool(np.c_),
        "linalg": linalg,
        "fft": fft,
        "random": chance,
        "char": char,
        "strings": strings,
        "polynomial": polynomial,
        "lib": library,
        "__version__": np.__version__,
    }
    parts = (linalg, fft, chance, char, strings, polynomial, library, strides)
    return {"numpy": ModuleView("numpy", names), **{part._name: part for part in parts}}
