"""Who is asking: keys, sessions, roles, and which hosts are ours. `api.doors` stands in front of it."""

from .accounts import SESSION_COOKIE, Accounts, SignedIn
from .errors import AdminOnlyError, BadHostError, CrossSiteError, SignInError, SignInLimitError, UnknownKeyError
from .hosts import Hosts, check_exposure, is_loopback
from .keys import Key, KeyRing, new_key, parse_keys
from .model import LOCAL, Principal, Role, Via

__all__ = [
    "LOCAL",
    "SESSION_COOKIE",
    "Accounts",
    "AdminOnlyError",
    "BadHostError",
    "CrossSiteError",
    "Hosts",
    "Key",
    "KeyRing",
    "Principal",
    "Role",
    "SignInError",
    "SignInLimitError",
    "SignedIn",
    "UnknownKeyError",
    "Via",
    "check_exposure",
    "is_loopback",
    "new_key",
    "parse_keys",
]
