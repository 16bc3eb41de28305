"""ev.energy's wording of refusals: problem+json with its titles and problem types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mockserver.http.errors import ApiError, InvalidRequest, MalformedRequest, ProblemStyle, UnsupportedMediaType
from specs.operation import Operation

PROBLEMS = "https://api.ev.energy/v2/problems/"

_PAGING = ("Invalid pagination parameter", "pagination-parameters")
_BY_PARAMETER: Mapping[str, tuple[str, str | None]] = {
    "page": _PAGING,
    "page_size": _PAGING,
    "page_after": _PAGING,
    "page_before": _PAGING,
    "EvEnergy-Version": ("Unsupported version", "unsupported-version"),
    "EvEnergy-User": ("Invalid user header", None),
    "expand": ("Invalid expand parameter", None),
}
"""Title and problem type of a bad parameter, where they are not those of a failed validation."""


@dataclass(frozen=True)
class EvEnergyProblem(ProblemStyle):
    """Titles as published; 415 is not documented there, so it is answered as a failed validation."""

    type_base: str = PROBLEMS
    titles: Mapping[int, str] = field(default_factory=lambda: {404: "Not found", 401: "Unauthorized"})

    def status(self, error: ApiError) -> int:
        """See `ErrorStyle.status`."""
        return 400 if isinstance(error, UnsupportedMediaType) else error.status

    def title(self, error: ApiError) -> str:
        """See `ProblemStyle.title`."""
        if isinstance(error, (InvalidRequest, UnsupportedMediaType, MalformedRequest)) and error.status in (400, 415):
            return error.title or _special(error)[0] or "Request failed validation."
        return error.title or self.titles.get(error.status) or super().title(error)

    def slug(self, error: ApiError, operation: Operation | None) -> str | None:
        """See `ProblemStyle.slug`."""
        if error.slug is None and operation is not None and self.status(error) == 400:
            title, slug = _special(error)
            return slug if title else f"validation-failed-{operation.operation_id}"
        return error.slug


def _special(error: ApiError) -> tuple[str | None, str | None]:
    found = {_BY_PARAMETER.get(wrong.name, (None, None)) for wrong in error.field_errors}
    return found.pop() if len(found) == 1 else (None, None)
