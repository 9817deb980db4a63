"""What the sandbox answers: a status and a JSON body, or a refusal in the shape that Stripe uses."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class ApiResponse:
    status: int
    body: Json
    headers: Mapping[str, str] = field(default_factory=dict)


class ApiError(Exception):
    """An error answer. Raised by parameters and operations, before they write anything."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        code: str | None = None,
        param: str | None = None,
        kind: str = "invalid_request_error",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code
        self.param = param
        self.kind = kind

    def as_response(self, version: str) -> ApiResponse:
        """The body as API version "v1" or "v2" words it: v2 always has a code."""
        error: Json = {"message": self.message, "type": self.kind}
        if self.code is not None or version == "v2":
            error["code"] = self.code or self.kind
        if self.param is not None and version == "v1":
            error["param"] = self.param
        return ApiResponse(self.status, {"error": error})


def missing_object(what: str, identifier: str, *, param: str | None = None) -> ApiError:
    """Stripe answers 404 when the id stands in the path, and 400 when it stands in a parameter."""
    return ApiError(
        f"No such {what}: '{identifier}'",
        status=404 if param is None else 400,
        code="resource_missing",
        param=param or "id",
    )
