"""Command-line assistants as upstreams: `tool` what one is, one file each, `run` a run of one as an HTTP answer."""
