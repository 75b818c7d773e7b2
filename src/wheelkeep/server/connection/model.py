"""What a connection is: a name, a category, a target and how to authenticate there. Never the secret itself.

The words are Azure's, because scripts use them (reference/azure.md §1.6, §2.3); each is understood in any case and
with or without underscores, so `python_feed` and `PythonFeed` are one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from wheelkeep.wire.resources import ConnectionView

__all__ = ["PACKAGE_CATEGORIES", "SENSIBLE_AUTH_TYPES", "AuthType", "Category", "Connection"]


class Category(StrEnum):
    """The kind of place a connection leads to."""

    PYTHON_FEED = "PythonFeed"
    GIT = "Git"
    CONDA_CHANNEL = "CondaChannel"
    CONTAINER_REGISTRY = "ContainerRegistry"
    AZURE_BLOB = "AzureBlob"
    S3 = "S3"
    GCS = "GCS"
    GENERIC = "Generic"


class AuthType(StrEnum):
    """How to authenticate there."""

    PAT = "PAT"
    USERNAME_PASSWORD = "UsernamePassword"  # noqa: S105 - the word for a kind of credential, not one
    BEARER = "Bearer"
    HEADER = "Header"
    SAS = "SAS"
    ACCOUNT_KEY = "AccountKey"
    ACCESS_KEY = "AccessKey"
    MANAGED_IDENTITY = "ManagedIdentity"
    SERVICE_PRINCIPAL = "ServicePrincipal"
    OIDC = "OIDC"
    NONE = "None"


_TOKENS = frozenset({AuthType.PAT, AuthType.USERNAME_PASSWORD, AuthType.BEARER, AuthType.HEADER, AuthType.NONE})
_IDENTITIES = frozenset({AuthType.MANAGED_IDENTITY, AuthType.SERVICE_PRINCIPAL, AuthType.OIDC})

SENSIBLE_AUTH_TYPES: Mapping[Category, frozenset[AuthType]] = {
    Category.PYTHON_FEED: _TOKENS | _IDENTITIES,
    Category.GIT: _TOKENS | _IDENTITIES,
    Category.CONDA_CHANNEL: _TOKENS | _IDENTITIES,
    Category.CONTAINER_REGISTRY: _TOKENS | _IDENTITIES,
    Category.AZURE_BLOB: frozenset({AuthType.SAS, AuthType.ACCOUNT_KEY, AuthType.NONE}) | _IDENTITIES,
    Category.S3: frozenset({AuthType.ACCESS_KEY, AuthType.OIDC, AuthType.NONE}),
    Category.GCS: frozenset({AuthType.ACCESS_KEY, AuthType.SERVICE_PRINCIPAL, AuthType.OIDC, AuthType.NONE}),
    Category.GENERIC: _TOKENS | _IDENTITIES,
}
"""Which auth types make sense for which category: anything else is a mistake that Azure would have stored."""

PACKAGE_CATEGORIES = frozenset({Category.PYTHON_FEED, Category.GENERIC})
"""The categories whose connections serve requests for index pages and distribution files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """One connection of a workspace, without its secret. `target` is normalised and bare: no userinfo, no query."""

    id: str
    workspace: str
    name: str
    category: Category
    target: str
    auth_type: AuthType
    username: str | None
    created_at: str
    updated_at: str
    updated_by: str

    def view(self) -> ConnectionView:
        """What people may see of it."""
        return ConnectionView(
            name=self.name,
            category=self.category.value,
            target=self.target,
            auth_type=self.auth_type.value,
            username=self.username,
            created_at=self.created_at,
            updated_at=self.updated_at,
            updated_by=self.updated_by,
        )
