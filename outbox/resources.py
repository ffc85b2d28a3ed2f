"""The contract of the desired views: per resource its key columns, its other columns and its parents.

Names and order are fixed (they are the clouds' own keys, and DBAs query them); a view may use any text-like
or date type for a column, see `install`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

TARGETS = ("accountview_net", "visma_net")


@dataclass(frozen=True)
class Parent:
    """What a resource needs first; `columns` are the child's key columns that make the parent's key."""

    resource: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Resource:
    """One kind of thing a target holds. `columns` become the document; `missing` and `withdrawn` never do."""

    name: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    parents: tuple[Parent, ...] = ()
    withdrawable: bool = False

    @property
    def rank(self) -> int:
        """Parents have a smaller rank than their children."""
        return 1 if self.parents else 0


_USER = Parent("users", ("user_code",))
_COMPANY = Parent("companies", ("company_code",))

RESOURCES: dict[str, Resource] = {
    r.name: r
    for r in (
        Resource(
            "users",
            ("user_code",),
            ("first_name", "last_name", "email", "language", "country_code"),
            withdrawable=True,
        ),
        Resource(
            "companies",
            ("company_code",),
            ("name", "kvk_number", "street", "postal_code", "city", "country_code"),
        ),
        Resource("company_access", ("user_code", "company_code"), (), (_USER, _COMPANY)),
        Resource("app_access", ("user_code", "company_code", "app_code"), ("roles",), (_USER, _COMPANY)),
        Resource(
            "projects",
            ("company_code", "project_code"),
            ("description", "start_date", "end_date", "status", "template"),
            (_COMPANY,),
        ),
        Resource("cost_types", ("company_code", "cost_type_code"), ("description", "active"), (_COMPANY,)),
        Resource("cost_centres", ("company_code", "cost_centre_code"), ("description", "active"), (_COMPANY,)),
    )
}


OF_THE_ERP = frozenset({"projects", "cost_types", "cost_centres"})
"""What each company has in an ERP of its own; all else is of the identity API."""


def children_of(resource: str) -> tuple[tuple[Resource, Parent], ...]:
    """The resources that need `resource` first, each with the parent entry that says by which columns."""
    return tuple((r, p) for r in RESOURCES.values() for p in r.parents if p.resource == resource)


def company_of(resource: str, key: Sequence[str]) -> str:
    """The company in a key; "" where there is none.

    >>> company_of("company_access", ("jansen", "001")), company_of("users", ("jansen",))
    ('001', '')
    """
    columns = RESOURCES[resource].key
    return key[columns.index("company_code")] if "company_code" in columns else ""


def name_part(resource: str | None, company: str | None, target: str | None = None) -> str:
    """What a pause is of; what is empty is not named.

    >>> name_part("projects", "001", "visma_net"), name_part("", "001")
    ('projects of company 001 of visma_net', 'company 001')
    """
    return " of ".join(x for x in (resource, f"company {company}" if company else "", target) if x)
