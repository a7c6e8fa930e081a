"""Who signs requests, remembered until a key, user or account changes.

Most requests come from the few that asked a moment ago. The trap is a key that was just disabled: what is remembered
counts only as long as these rows are what they were before the look-up. A key that nobody has is checked like any
other, against a secret of nobody's, and told the same as a wrong signature.
"""

from app.domain.account import AccessKey, Account, Caller, User
from app.domain.ports import Entropy, Store
from app.services import accounts
from app.wire.signatures import Claim, mismatch


class Callers:
    """Finds senders by their access key, on the event loop."""

    def __init__(self, store: Store, entropy: Entropy) -> None:
        self._store = store
        self._nobodys_secret = entropy(30).hex()
        self._version = -1
        self._known: dict[str, tuple[Caller, str]] = {}

    def prove(self, claim: Claim, now_ms: int) -> Caller:
        """Return who signed a request; Unauthenticated if the signature is not that of the key it names."""
        caller, secret = self.find(claim.access_key_id) or (None, self._nobodys_secret)
        claim.check(secret, now_ms)
        if caller is None:
            raise mismatch()
        return caller

    def find(self, access_key_id: str) -> tuple[Caller, str] | None:
        """Return the caller and the secret to check the signature with; None as `accounts.by_access_key`."""
        version = self._store.version(AccessKey, User, Account)
        if version != self._version:
            self._version, self._known = version, {}
        found = self._known.get(access_key_id)
        if found is None:
            found = self._store.glance(lambda unit: accounts.by_access_key(unit, access_key_id))
            if found is not None:  # what strangers make up is not kept
                self._known[access_key_id] = found
        return found
