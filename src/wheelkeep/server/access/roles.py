"""What a role may do. Pure. Source: contract §7."""

from typing import Literal, get_args

from wheelkeep.errors import RequestError

__all__ = ["Right", "Role", "parse_role", "role_allows"]

Role = Literal["reader", "contributor", "publisher", "admin"]
Right = Literal["read", "build", "publish", "admin"]

_RIGHTS: dict[Role, frozenset[Right]] = {
    "reader": frozenset({"read"}),
    "contributor": frozenset({"read", "build"}),
    "publisher": frozenset({"read", "build", "publish"}),
    "admin": frozenset({"read", "build", "publish", "admin"}),
}


def role_allows(role: Role, right: Right) -> bool:
    """Whether `role` includes `right`."""
    return right in _RIGHTS[role]


def parse_role(text: str) -> Role:
    """The role that `text` names.

    Raises:
        RequestError: `invalid_request`, naming the roles there are.
    """
    for role in get_args(Role):
        if role == text:
            return role  # type: ignore[no-any-return]  # get_args is typed Any; the loop compares with the literals
    raise RequestError(f"{text[:40]!r} is no role", code="invalid_request", hint=f"roles: {', '.join(get_args(Role))}")
