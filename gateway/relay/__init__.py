"""The only loop: route, lease an account, attempt, settle, again or answer.

`call` one client request, `plan` which attempt is next, `attempt` one try at one account, `conduit` from upstream
bytes to client bytes, `stream` and `whole` the two ways to answer, `resume` going on after a cut, `relay` the face.
"""
