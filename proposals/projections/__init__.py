"""Read models: how events become answers. Pure descriptions; the adapters run them."""
