"""The few places that know vLLM, TRL and DeepSpeed; nothing here is imported by the rest of the library."""
