"""python confined.py UNIT... -- PROGRAM ARGUMENTS: runs a program under what these unit files say of system calls.

SystemCallFilter= (groups and names that are allowed; others end the process), RestrictNamespaces= and
RestrictAddressFamilies= as seccomp(2) filters, with NoNewPrivileges=. x86-64 only; the numbers are in syscalls.txt.
https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html
"""

import ctypes
import os
import re
import socket
import struct
import sys
from pathlib import Path

ALLOW, KILL, EPERM, ENOSYS, NO_FAMILY = 0x7FFF0000, 0x80000000, 0x00050001, 0x00050026, 0x00050061
NAMESPACES = 0x7E020080
LOAD, EQUAL, ANY_OF, RETURN = 0x20, 0x15, 0x45, 0x06
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, FILTER = 38, 22, 2


def groups() -> dict[str, dict[str, int]]:
    text = Path(__file__).with_name("syscalls.txt").read_text()
    found: dict[str, dict[str, int]] = {}
    for word in text.partition("\n")[2].split():
        if word.endswith(":"):
            found[word[:-1]] = table = {}
        else:
            name, _, number = word.partition("=")
            table[name] = int(number)
    return found


def settings(units: list[str]) -> dict[str, str]:
    """Later files win, save for SystemCallFilter=, which adds up."""
    found = {"SystemCallFilter": "", "RestrictNamespaces": "no", "RestrictAddressFamilies": ""}
    for unit in units:
        for name, value in re.findall(r"^(\w+)=(.*)$", Path(unit).read_text(), re.M):
            if name == "SystemCallFilter":
                found[name] += " " + value
            elif name in found:
                found[name] = value
    return found


def program(said: dict[str, str]) -> list[tuple[int, int, int, int]]:
    """Instructions of classic BPF over struct seccomp_data: the number at 0, the first argument at 16."""
    known = groups()
    number = {name: value for table in known.values() for name, value in table.items()}
    allowed: set[int] = set()
    for word in said["SystemCallFilter"].split():
        allowed |= set(known[word].values()) if word.startswith("@") else {number[word]}
    steps: list[tuple[int, int, int, int]] = [(LOAD, 0, 0, 0)]
    if said["RestrictNamespaces"] == "yes":
        for name in ("unshare", "clone"):
            steps += [(EQUAL, 0, 4, number[name]), (LOAD, 0, 0, 16), (ANY_OF, 0, 1, NAMESPACES)]
            steps += [(RETURN, 0, 0, EPERM), (LOAD, 0, 0, 0)]
        steps += [(EQUAL, 0, 1, number["clone3"]), (RETURN, 0, 0, ENOSYS)]
        steps += [(EQUAL, 0, 1, number["setns"]), (RETURN, 0, 0, EPERM)]
    families = [int(getattr(socket, word)) for word in said["RestrictAddressFamilies"].split()]
    if families:
        steps += [(EQUAL, 0, len(families) + 3, number["socket"]), (LOAD, 0, 0, 16)]
        steps += [(EQUAL, len(families) - place, 0, family) for place, family in enumerate(families)]
        steps += [(RETURN, 0, 0, NO_FAMILY), (LOAD, 0, 0, 0)]
    for each in sorted(allowed):
        steps += [(EQUAL, 0, 1, each), (RETURN, 0, 0, ALLOW)]
    return [*steps, (RETURN, 0, 0, KILL)]


class Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def main(arguments: list[str]) -> None:
    cut = arguments.index("--")
    steps = program(settings(arguments[:cut]))
    code = b"".join(struct.pack("HBBI", *step) for step in steps)
    buffer = ctypes.create_string_buffer(code, len(code))
    libc = ctypes.CDLL(None, use_errno=True)
    wanted = Program(len(steps), ctypes.addressof(buffer))
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(PR_SET_SECCOMP, FILTER, ctypes.byref(wanted)):
        raise OSError(ctypes.get_errno(), "no filter can be set here")
    os.execv(arguments[cut + 1], arguments[cut + 1 :])


main(sys.argv[1:])
