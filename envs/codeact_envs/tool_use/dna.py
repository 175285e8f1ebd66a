"""DNA: samples that are read in pieces, and what a laboratory's software does with them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from codeact.tools import Toolbox, tool
from codeact_envs.tool_use.answers import Tolerance
from codeact_envs.tool_use.drawing import Draw, Vocabulary
from codeact_envs.tool_use.generator import Case, Generator, Question, ReadingService

PIECE = 60  # bases that one call reads

ORGANISMS = Vocabulary(
    seen=("barley", "brewer's yeast", "corn smut", "fruit fly", "mouse", "rice", "sea urchin", "zebrafish"),
    unseen=("axolotl", "duckweed", "honey bee", "tomato", "thale cress"),
)
LABORATORIES = Vocabulary(seen=("BRN", "LYO", "OSA", "PRG", "TRN"), unseen=("KYV", "QUI", "WLG"))

_CODONS = {  # RNA to amino acids, one letter each; * ends a protein
    "A": "GCU GCC GCA GCG",
    "R": "CGU CGC CGA CGG AGA AGG",
    "N": "AAU AAC",
    "D": "GAU GAC",
    "C": "UGU UGC",
    "Q": "CAA CAG",
    "E": "GAA GAG",
    "G": "GGU GGC GGA GGG",
    "H": "CAU CAC",
    "I": "AUU AUC AUA",
    "L": "UUA UUG CUU CUC CUA CUG",
    "K": "AAA AAG",
    "M": "AUG",
    "F": "UUU UUC",
    "P": "CCU CCC CCA CCG",
    "S": "UCU UCC UCA UCG AGU AGC",
    "T": "ACU ACC ACA ACG",
    "W": "UGG",
    "Y": "UAU UAC",
    "V": "GUU GUC GUA GUG",
    "*": "UAA UAG UGA",
}
_AMINO_ACIDS = {codon: letter for letter, codons in _CODONS.items() for codon in codons.split()}


class UnknownSample(LookupError):
    """There is no sample of this name, no organism of this name, or the sample is not so long."""


class NotASequence(ValueError):
    """The text is not of the letters that this function takes."""


class NoStart(ValueError):
    """The RNA has no start codon AUG, so that it codes for nothing."""


@dataclass(frozen=True)
class Piece:
    """Bases of a sample from `start` on (the first base is 0); `length` is that of the whole sample."""

    bases: str
    start: int
    length: int


@dataclass(frozen=True)
class Freezer:
    """The data of an episode: the samples' bases by name, and the names by organism."""

    bases: Mapping[str, str]
    samples: Mapping[str, tuple[str, ...]]


class DnaService(ReadingService):
    """Samples in a freezer, and functions over sequences."""

    def __init__(self) -> None:
        names = [
            "samples",
            "read_bases",
            "reverse_complement",
            "transcribe",
            "translate",
            "gc_percent",
            "find_motif",
        ]
        self.toolbox = Toolbox.of(self, allow=names, errors=[UnknownSample, NotASequence, NoStart])
        self.load(Freezer({}, {}))

    def load(self, data: Freezer) -> None:
        self._freezer = data

    def shown(self) -> str:
        return f"A freezer with {len(self._freezer.bases)} samples of {', '.join(self._freezer.samples)}."

    @tool(effect="read")
    def samples(self, organism: str) -> list[str]:
        """List the samples of an organism.

        Raises UnknownSample when there is none of it.
        """
        if organism not in self._freezer.samples:
            raise UnknownSample(f"nothing of {organism!r}; there are {', '.join(self._freezer.samples)}")
        return list(self._freezer.samples[organism])

    @tool(effect="read")
    def read_bases(self, sample: str, start: int = 0) -> Piece:
        """Read a sample's DNA from the base `start` on, which is 0 for the first: at most 60 bases at once.

        Raises UnknownSample when there is no such sample, or it ends before `start`.
        """
        if sample not in self._freezer.bases:
            raise UnknownSample(f"there is no sample {sample!r}; samples(organism) lists them")
        bases = self._freezer.bases[sample]
        if not 0 <= start < len(bases):
            raise UnknownSample(f"sample {sample!r} has bases 0 to {len(bases) - 1}, and none at {start}")
        return Piece(bases[start : start + PIECE], start, len(bases))

    @tool(effect="read")
    def reverse_complement(self, dna: str) -> str:
        """The opposite strand of a DNA, read in its own direction.

        Raises NotASequence when the text is not of A, C, G and T.
        """
        _require(dna, "ACGT")
        return "".join({"A": "T", "C": "G", "G": "C", "T": "A"}[base] for base in reversed(dna))

    @tool(effect="read")
    def transcribe(self, dna: str) -> str:
        """The RNA of a coding strand of DNA: U in the place of T.

        Raises NotASequence when the text is not of A, C, G and T.
        """
        _require(dna, "ACGT")
        return dna.replace("T", "U")

    @tool(effect="read")
    def translate(self, rna: str) -> str:
        """The protein that an RNA codes for, one letter an amino acid.

        It begins with the first AUG and ends before a stop codon, or where no whole codon is left.
        Raises NotASequence when the text is not of A, C, G and U; NoStart when there is no AUG.
        """
        _require(rna, "ACGU")
        first = rna.find("AUG")
        if first < 0:
            raise NoStart("there is no AUG in this RNA")
        protein = ""
        for at in range(first, len(rna) - 2, 3):
            letter = _AMINO_ACIDS[rna[at : at + 3]]
            if letter == "*":
                break
            protein += letter
        return protein

    @tool(effect="read")
    def gc_percent(self, dna: str) -> float:
        """Which share of the bases are G or C, in percent.

        Raises NotASequence when the text is empty, or not of A, C, G and T.
        """
        _require(dna, "ACGT")
        return 100.0 * sum(base in "GC" for base in dna) / len(dna)

    @tool(effect="read")
    def find_motif(self, dna: str, motif: str) -> list[int]:
        """Where a motif begins on this strand of DNA, the first base being 0. Places may overlap.

        Raises NotASequence when a text is empty, or not of A, C, G and T.
        """
        _require(dna, "ACGT")
        _require(motif, "ACGT")
        return [at for at in range(len(dna) - len(motif) + 1) if dna.startswith(motif, at)]


def _require(text: str, letters: str) -> None:
    wrong = sorted(set(text) - set(letters))
    if wrong or not text:
        raise NotASequence(f"a sequence here is of {', '.join(letters)}, not {wrong[0] if wrong else 'empty'!r}")


# Data and solvers, which work on the coding strand as regular expressions and numbers

_ORDER = "TCAG"
_STANDARD = "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG"  # codons in the order of _ORDER


def _opposite_strand(bases: str) -> str:
    return bases.translate(str.maketrans("ACGT", "TGCA"))[::-1]


def _protein(coding: str) -> str | None:
    found = re.search(r"ATG(?:...)*", coding)
    if found is None:
        return None
    codons = re.findall("...", found[0])
    places = (16 * _ORDER.index(c[0]) + 4 * _ORDER.index(c[1]) + _ORDER.index(c[2]) for c in codons)
    return "".join(_STANDARD[place] for place in places).partition("*")[0]


def _bases(draw: Draw, count: int) -> str:
    found = ""
    while len(found) < count:
        number = draw.between(0, 4**12 - 1)
        for _ in range(12):
            number, base = divmod(number, 4)
            found += "ACGT"[base]
    return found[:count]


def _name(draw: Draw) -> str:
    return f"{draw.word(LABORATORIES)}-{draw.between(1000, 9999)}"


def _gc_content(draw: Draw) -> Case:
    name, organism = _name(draw), draw.word(ORGANISMS)
    bases = _bases(draw, 2 * draw.between(12, 29) + 1)  # odd, so that no half of it is G and C
    right = (bases.count("G") + bases.count("C")) / len(bases) * 100
    return Case(Freezer({name: bases}, {organism: (name,)}), {"sample": name}, right)


def _motif_places(draw: Draw) -> Case:
    name, organism, motif = _name(draw), draw.word(ORGANISMS), _bases(draw, 3)
    bases = _bases(draw, draw.between(10, 20)) + motif + _bases(draw, draw.between(10, 30))
    right = [found.start() + 1 for found in re.finditer(f"(?={motif})", bases)]
    data = Freezer({name: bases}, {organism: (name,)})
    return Case(data, {"sample": name, "motif": motif}, right)


def _other_strand_protein(draw: Draw) -> Case:
    name, organism = _name(draw), draw.word(ORGANISMS)
    while True:
        head, middle, tail = _bases(draw, draw.between(3, 9)), _bases(draw, 24), _bases(draw, draw.between(3, 9))
        bases = head + "ATG" + middle + "CAT" + tail  # a start on each strand
        right = _protein(_opposite_strand(bases))
        if right and len(right) >= 3 and right != _protein(bases):
            return Case(Freezer({name: bases}, {organism: (name,)}), {"sample": name}, right)


def _motif_copies(draw: Draw) -> Case:
    organism, other = draw.sample(draw.words(ORGANISMS), 2)
    motif = _bases(draw, 4)
    while motif == _opposite_strand(motif):
        motif = _bases(draw, 4)
    names: list[str] = []
    while len(names) < 6:
        name = _name(draw)
        if name not in names:
            names.append(name)
    count = draw.between(4, 5)
    bases: dict[str, str] = {}
    copies: dict[str, int] = {}
    for name in names:
        parts = [_bases(draw, draw.between(16, 40)) for _ in range(4)]
        planted = draw.shuffled([motif, _opposite_strand(motif), draw.choice([motif, _opposite_strand(motif)])])
        bases[name] = parts[0] + "".join(put + part for put, part in zip(planted, parts[1:], strict=True))
        if len(copies) < count:
            both = (motif, _opposite_strand(motif))
            copies[name] = sum(len(re.findall(f"(?={each})", bases[name])) for each in both)
    samples = {organism: tuple(names[:count]), other: tuple(names[count:])}
    return Case(Freezer(bases, samples), {"organism": organism, "motif": motif}, copies)


_READ_ALL = """
copies = {}
for sample in samples(organism):
    piece = read_bases(sample)
    bases = piece.bases
    while len(bases) < piece.length:
        bases += read_bases(sample, len(bases)).bases
    copies[sample] = len(find_motif(bases, motif))
"""

GENERATOR = Generator(
    name="dna",
    title="Work on DNA samples",
    open=DnaService,
    vocabularies={"organisms": ORGANISMS, "laboratories": LABORATORIES},
    grades={
        1: (
            Question(
                name="gc_content",
                pose=_gc_content,
                templates=(
                    "What percentage of the bases of sample {sample} is G or C?",
                    "Work out the GC content of the DNA sample {sample}, in percent.",
                    "How high is the share of G and C in {sample}, as a percentage?",
                    "Give the GC percentage of {sample}.",
                    "Of all bases in sample {sample}, how many percent are guanine or cytosine?",
                ),
                form="Call finish() with a number.",
                oracle="finish(gc_percent(read_bases(sample).bases))",
                opposite="finish(100 - gc_percent(read_bases(sample).bases))",
                tolerance=Tolerance(absolute=0.1),
            ),
            Question(
                name="motif_places",
                pose=_motif_places,
                templates=(
                    "Where does the motif {motif} begin in sample {sample}?",
                    "Give all places at which {motif} stands in the DNA of {sample}.",
                    "At which bases of {sample} does a copy of {motif} start?",
                    "Find every {motif} in the sample {sample} and list where each begins.",
                    "List the positions of {motif} in {sample}.",
                ),
                form="The first base is number 1. Call finish() with a list of the exact numbers, the smallest first.",
                oracle="finish([at + 1 for at in find_motif(read_bases(sample).bases, motif)])",
                opposite="finish(find_motif(read_bases(sample).bases, motif))",
            ),
        ),
        2: (
            Question(
                name="other_strand_protein",
                pose=_other_strand_protein,
                templates=(
                    "Which protein does the strand opposite to sample {sample} code for?",
                    "The gene lies on the reverse complement of {sample}. Give the protein that it codes for.",
                    "Sample {sample} was read from the wrong strand. What protein does the other strand make?",
                    "Transcribe and translate the strand opposite to {sample}.",
                    "Find the protein that is coded on the reverse strand of the DNA of {sample}.",
                ),
                form="Call finish() with its amino acids as one text, one letter each.",
                oracle="finish(translate(transcribe(reverse_complement(read_bases(sample).bases))))",
                opposite="finish(translate(transcribe(read_bases(sample).bases)))",
            ),
        ),
        3: (
            Question(
                name="motif_copies",
                pose=_motif_copies,
                templates=(
                    "In each sample of {organism}, how often does the motif {motif} occur, both strands together?",
                    "Count {motif} on both strands of every sample of {organism}.",
                    "For all samples of {organism}: how many copies of {motif} are there, on this strand or the other?",
                    "A protein binds {motif} on either strand. How many places has it on each sample of {organism}?",
                    "Search both strands of the samples of {organism} for {motif} and count what you find in each.",
                ),
                form="Copies may overlap. Call finish() with a dict from each sample to its exact number of copies.",
                oracle=_READ_ALL
                + "    copies[sample] += len(find_motif(reverse_complement(bases), motif))\nfinish(copies)",
                opposite=_READ_ALL + "finish(copies)",
            ),
        ),
    },
)
