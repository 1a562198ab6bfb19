"""Generation: requests and sampling parameters, vLLM, OpenAI-compatible servers, resumable jobs.

Takes prompts; provides completions with their token counts. Must not know how the completions are used.
"""
