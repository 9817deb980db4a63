"""Responses of the sandbox: a status and a JSON body, or an error in Stripe's format."""

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
    """An error response. Raised by validation and by operations before they write anything."""

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
        """The error in the format of API version "v1" or "v2"; v2 always has a code."""
        error: Json = {"message": self.message, "type": self.kind}
        if self.code is not None or version == "v2":
            error["code"] = self.code or self.kind
        if self.param is not None and version == "v1":
            error["param"] = self.param
        return ApiResponse(self.status, {"error": error})


def missing_object(what: str, identifier: str, *, param: str | None = None) -> ApiError:
    """Stripe responds with 404 when the id is in the path, and with 400 when it is in a parameter."""
    return ApiError(
        f"No such {what}: '{identifier}'",
        status=404 if param is None else 400,
        code="resource_missing",
        param=param or "id",
    )
