"""The engine for processors, and for adapters on any device: a padded batch whose rows join and leave."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Sequence
from typing import Any

from codeact.models.batch import Batch
from codeact.models.chat_prompt import common_beginning
from codeact.models.local_model import CHUNK
from codeact.models.openings import Openings
from codeact.models.protocol import GenerationOptions
from codeact.models.sampling import chooser
from codeact.models.transformers_model import TransformersModel
from codeact.serving.engine import End, Writing

KEPT_TOKENS = 8192  # of finished replies, whose attention states are kept for prompts that begin alike
WORTH_KEEPING = 32  # tokens; a shorter common beginning is read faster than it is copied


class RowsEngine:
    """Writes up to `rows` replies at once, a token each at every step.

    Prompts are read in chunks between steps, so that replies that have begun go on. What a prompt has in common with
    an earlier one, or with one that is being written, is copied from there; system prompts are kept longest. Rows
    written together may differ in their last bits from rows written alone.

    Args:
        model: the base model; it should not be used besides.
        rows: replies at once; the others wait.
        adapters: names of LoRA adapters, and the folders that peft wrote them to.

    Raises:
        ModelError: an adapter cannot be loaded, or the model keeps a state that cannot be padded.
    """

    def __init__(self, model: TransformersModel, rows: int, adapters: dict[str, str] | None = None) -> None:
        self.rows = rows
        self._model = model
        self._network: Any = model.network
        if adapters:
            from codeact.serving.adapters import AdaptedNetwork

            self._network = AdaptedNetwork(model.network, adapters)
            model.network = self._network
        self._adapted = bool(adapters)
        self._batch = Batch(self._network)
        self._writing: list[_Row] = []
        self._waiting: deque[_Row] = deque()
        self._kept: OrderedDict[tuple[str | None, tuple[int, ...]], Any] = OrderedDict()
        self._openings = Openings()
        self._news = threading.Condition()
        self._stopping = False
        self.steps = 0  # since the start
        self._thread = threading.Thread(target=self._run, name="codeact-serve", daemon=True)

    @property
    def running(self) -> int:
        return len(self._writing)

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def refuses(self, options: GenerationOptions) -> str | None:
        return None

    def start(self) -> None:
        self._thread.start()

    def submit(self, writing: Writing) -> None:
        with self._news:
            if not self._stopping:
                self._waiting.append(_Row(writing))
                self._news.notify()
                return
        writing.tell(End("failed", "the server is stopping"))

    def stop(self) -> None:
        with self._news:
            self._stopping = True
            self._news.notify()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        import torch

        with torch.inference_mode():
            while True:
                with self._news:
                    self._news.wait_for(lambda: self._stopping or self._waiting or self._writing)
                    if self._stopping:
                        break
                try:
                    self._step()
                except Exception as error:  # of one step: who is in it is told, and the engine goes on
                    self._fail(str(self._model.explain(error)))
        self._fail("the server is stopping")

    def _step(self) -> None:
        """Drop what nobody waits for, read a chunk's worth of prompts, and write one token in each row."""
        for row in [row for row in self._writing if row.writing.cancelled.is_set()]:
            self._leave(row, End("cancelled"))
        with self._news:
            given_up = [row for row in self._waiting if row.writing.cancelled.is_set()]
            for row in given_up:
                self._waiting.remove(row)
        for row in given_up:
            row.writing.tell(End("cancelled"))
        room = CHUNK
        while self._waiting and len(self._writing) < self.rows and room > 0:
            room -= self._read(self._waiting[0], room)
        if not self._writing:
            return
        self._name_adapters([row.writing.adapter for row in self._writing])
        self.steps += 1
        logits = self._batch.step([row.tokens[-1] for row in self._writing])
        likeliest = logits.argmax(-1).tolist()
        for place, row in enumerate(list(self._writing)):
            self._choose(row, logits[place], likeliest[place])

    def _read(self, row: _Row, room: int) -> int:
        """Read at most `room` tokens of a prompt; how many it were. Its row joins when it is read to its end."""
        if row.state is None:
            row.read, row.state = self._known(row)
        opening = row.writing.opening
        end = min(row.read + room, opening if row.read < opening else len(row.tokens))
        chunk = row.tokens[row.read : end]
        self._name_adapters([row.writing.adapter])
        try:
            logits = self._model.read(chunk, row.state)
        except Exception as error:  # such as too little memory for this prompt; the others go on
            self._waiting.popleft()
            row.writing.tell(End("failed", str(self._model.explain(error))))
            return len(chunk)
        row.read = end
        if end == opening:
            self._openings.keep(row.tokens[:end], row.state, row.writing.adapter)
        if row.read == len(row.tokens):
            self._waiting.popleft()
            self._batch.join(row.state)
            row.state = None
            self._writing.append(row)
            self._choose(row, logits, int(logits.argmax()))
        return len(chunk)

    def _choose(self, row: _Row, logits: Any, likeliest: int) -> None:
        try:
            token = likeliest if row.greedy else row.choose(logits, row.tokens)
        except Exception as error:  # of this row's own options; the others go on
            self._leave(row, End("failed", str(self._model.explain(error))))
            return
        if token in self._model.end_tokens:
            self._leave(row, End("stop"))
            return
        row.tokens.append(token)
        row.writing.tell(token)
        if len(row.tokens) - len(row.writing.tokens) >= row.writing.limit:
            self._leave(row, End("length"))

    def _leave(self, row: _Row, end: End) -> None:
        place = self._writing.index(row)
        del self._writing[place]
        state = self._batch.leave(place)
        row.writing.tell(end)
        self._kept[row.writing.adapter, tuple(row.tokens[: state.get_seq_length()])] = state
        while sum(len(tokens) for _, tokens in self._kept) > KEPT_TOKENS:
            self._kept.popitem(last=False)

    def _known(self, row: _Row) -> tuple[int, Any]:
        """How many tokens of a prompt were read already, and their state, copied."""
        from transformers import DynamicCache

        adapter, wanted = row.writing.adapter, row.tokens[:-1]
        kept, known = None, WORTH_KEEPING - 1
        for key in self._kept:
            common = common_beginning(key[1], wanted) if key[0] == adapter else 0
            if common > known:
                kept, known = key, common
        beside = None  # the place of a row that is being written; its last token is not read yet
        for place, other in enumerate(self._writing):
            common = common_beginning(other.tokens[:-1], wanted) if other.writing.adapter == adapter else 0
            if common > known:
                beside, known = place, common
        opening = row.writing.opening
        if opening > known and (state := self._openings.find(row.tokens[:opening], adapter)) is not None:
            return opening, state
        if beside is not None:
            return known, self._batch.state(beside, known)
        state = DynamicCache()
        if kept is None:
            return 0, state
        for place, layer in enumerate(self._kept[kept].layers):
            state.update(layer.keys[:, :, :known].clone(), layer.values[:, :, :known].clone(), place)
        if known == len(kept[1]):
            del self._kept[kept]  # the conversation goes on; its longer state will be kept
        else:
            self._kept.move_to_end(kept)
        return known, state

    def _name_adapters(self, names: Sequence[str | None]) -> None:
        if self._adapted:
            self._network.names = names

    def _fail(self, why: str) -> None:
        """Tell those in a step that went wrong, and begin anew; after a stop, tell those who wait, too."""
        failed = list(self._writing)
        self._writing.clear()
        self._kept.clear()
        self._openings = Openings()
        self._batch = Batch(self._network)
        if self._stopping:
            failed += self._waiting
            self._waiting.clear()
        for row in failed:
            row.writing.tell(End("failed", why))


class _Row:
    """A reply and how far it is."""

    def __init__(self, writing: Writing) -> None:
        self.writing = writing
        self.tokens = list(writing.tokens)
        self.read = 0
        self.state: Any = None
        self.greedy = writing.options.temperature == 0.0 and writing.options.repetition_penalty == 1.0
        self.choose = chooser(writing.options)
