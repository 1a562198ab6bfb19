"""Generation: requests and sampling parameters, vLLM, OpenAI-compatible servers, resumable jobs.

Takes prompts; gives completions with their token counts. Must not know what the completions are for.
"""
