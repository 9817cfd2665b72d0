"""What an account pays with: a key that stays as it is, or a token that has to be renewed."""

from __future__ import annotations

from typing import Protocol


class CredentialFault(Exception):
    """No credential to send. `final` says that it will not come back by itself: the account is disabled, and the
    credential has noted that already. The message is for the operator and holds no secret."""

    def __init__(self, message: str, *, final: bool = False) -> None:
        super().__init__(message)
        self.final = final


class Credential(Protocol):
    """`deadline` is time.monotonic(): nobody waits longer."""

    def current(self, deadline: float) -> str:
        """What to send now. Raises CredentialFault."""
        ...

    def renewed(self, rejected: str, deadline: float) -> str:
        """Another one than `rejected`, which the provider refused, whatever the clock says. Raises CredentialFault."""
        ...

    def disable(self, reason: str) -> None:
        """The provider refuses this credential for good."""
        ...

    def fact(self, name: str) -> str:
        """What is kept beside the credential under `name`, "" when nothing is."""
        ...

    def keep(self, name: str, value: str) -> None: ...
