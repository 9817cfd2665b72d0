"""What all workers (and later machines) must agree on, behind one small interface.

`store` the interface, `sqlite` the embedded default (a file in the data folder; `writer` its one writing thread,
`schema` the file's shape, `operation` one write on its way), `memory` the same for one process, `native` waiting for
real threads without holding up gevent's hub.
"""
