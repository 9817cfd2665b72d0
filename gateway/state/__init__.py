"""What all workers and machines must agree on, behind one small interface.

`store` the interface, `sqlite` the embedded default (a file in the data folder; `writer` its one writing thread,
`schema` the file's shape), `redis` a server for several machines (`redis_link` is it there and what changed,
`redis_writer` its one writing thread, `redis_layout` the keys and commands), `queued` the writing half both have,
`cache`, `operation` and `kept` what a process knows, one write on its way and those that cannot be made at the moment,
`adopt` from one machine's store into a shared one, `memory` the store of one process, `native` waiting for real threads
without holding up gevent's hub.
"""
