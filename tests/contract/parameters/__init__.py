"""Which parameter of a client's request reaches which provider, asked of the wire."""
