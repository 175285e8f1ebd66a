"""`codeact serve`: a local model behind the OpenAI API.

Requests come in at `app`, are checked in `bodies`, and become prompts in `served`. An engine writes the replies of all
of them together: `rows`, a padded batch, on processors and for adapters, and `continuous`, transformers' continuous
batching, on CUDA. `replies` carries what it writes back to the requests, and `vllm` hands everything to vLLM instead.
"""
