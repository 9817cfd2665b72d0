"""HTTP/1.1 to upstreams: ``session.Transport`` sends, ``exchange.Exchange`` comes back, ``faults`` go
wrong.
"""
