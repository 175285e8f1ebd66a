"""The engine for CUDA: continuous batching of transformers, with a paged cache that fills the GPU's memory."""

from __future__ import annotations

import threading
from typing import Any

from codeact.models.protocol import GenerationOptions
from codeact.models.transformers_model import TransformersModel
from codeact.serving.engine import End, Writing

PATIENCE = 0.05  # seconds between two looks at what was given up


class ContinuousEngine:
    """Hands requests to transformers' `ContinuousBatchingManager`, and its tokens to whoever asked.

    It draws from one random stream for all requests, so a `seed` is not heeded, and `min_p` and `repetition_penalty`
    cannot differ between requests: those are refused.

    Args:
        model: the model; it should not be used besides.
        rows: replies at once; None: as many as the cache holds.
        blocks: pages of the cache; None fills the device's memory.
    """

    def __init__(self, model: TransformersModel, rows: int | None = None, blocks: int | None = None) -> None:
        import transformers as partly_typed

        transformers: Any = partly_typed
        self._model = model
        self._vocabulary = model.network.config.get_text_config().vocab_size
        # Each of these makes a step that a request's own value then takes the place of.
        shared = transformers.GenerationConfig(do_sample=True, temperature=0.5, top_k=1, top_p=0.5, eos_token_id=-1)
        paged = transformers.ContinuousBatchingConfig(
            max_requests_per_batch=rows,
            per_request_processors=True,
            num_blocks=blocks,
            use_async_batching=None if model.device.startswith("cuda") else False,
        )
        self._manager: Any = model.network.init_continuous_batching(shared, paged)
        self._open: dict[str, Writing] = {}
        self._told: dict[str, int] = {}
        self._lock = threading.Lock()
        self._number = 0
        self._stopping = False
        self._thread = threading.Thread(target=self._listen, name="codeact-serve", daemon=True)

    @property
    def running(self) -> int:
        return sum(count > 0 for count in list(self._told.values()))

    @property
    def waiting(self) -> int:
        return len(self._told) - self.running

    @property
    def alive(self) -> bool:
        return self._thread.is_alive() and bool(self._manager.is_running())

    def refuses(self, options: GenerationOptions) -> str | None:
        if options.min_p or options.repetition_penalty != 1.0:
            return "min_p and repetition_penalty are not supported by this server's engine; leave them out"
        return None

    def start(self) -> None:
        self._manager.start()
        self._thread.start()

    def submit(self, writing: Writing) -> None:
        options = writing.options
        greedy = options.temperature == 0.0
        with self._lock:
            if self._stopping or not self.alive:
                writing.tell(End("failed", "the engine has stopped"))
                return
            self._number += 1
            name = str(self._number)
            self._open[name], self._told[name] = writing, 0
        self._manager.add_request(
            writing.tokens,
            request_id=name,
            max_new_tokens=writing.limit,
            streaming=True,
            eos_token_id=sorted(self._model.end_tokens) or [-1],
            temperature=1.0 if greedy else float(options.temperature),
            top_k=1 if greedy else options.top_k or self._vocabulary,
            top_p=1.0 if greedy else float(options.top_p),
        )

    def stop(self) -> None:
        self._stopping = True
        if self._thread.is_alive():
            self._thread.join()
        self._manager.stop(block=True, hard_stop=True)

    def _listen(self) -> None:
        while not self._stopping and self._manager.is_running():
            output = self._manager.get_result(timeout=PATIENCE)
            if output is not None:
                self._hand_on(output)
            for name, writing in list(self._open.items()):
                if writing.cancelled.is_set():
                    self._manager.cancel_request(name)
                    self._end(name, End("cancelled"))
        for name in list(self._open):
            self._end(name, End("failed", "the engine has stopped"))

    def _hand_on(self, output: Any) -> None:
        name = output.request_id
        writing = self._open.get(name)
        if writing is None:
            return  # given up before
        tokens = output.generated_tokens
        ended = bool(tokens) and tokens[-1] in self._model.end_tokens
        for token in tokens[self._told[name] : len(tokens) - ended]:
            writing.tell(token)
        self._told[name] = len(tokens)
        if output.error is not None:
            self._end(name, End("failed", output.error))
        elif output.is_finished():
            self._end(name, End("stop" if ended else "length"))

    def _end(self, name: str, end: End) -> None:
        with self._lock:
            writing = self._open.pop(name)
            del self._told[name]
        writing.tell(end)
