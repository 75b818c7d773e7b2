"""problem+json bodies (RFC 9457): how an error crosses the wire and is stored."""

import msgspec

from wheelkeep.errors import WheelkeepError, error_from

__all__ = ["Failure", "Problem"]


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """An error as data: of a build or run that failed, or inside a problem body."""

    code: str
    message: str
    hint: str = ""
    detail: dict[str, str | int | bool] = {}

    @classmethod
    def of(cls, error: WheelkeepError) -> "Failure":
        """The data of `error`."""
        return cls(code=error.code, message=error.message, hint=error.hint, detail=error.detail)

    def error(self) -> WheelkeepError:
        """The error that this data was made of."""
        return error_from(self.code, self.message, hint=self.hint, detail=self.detail)


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An `application/problem+json` body; `code`, `hint` and `extra` are our members."""

    title: str
    status: int
    code: str
    detail: str
    hint: str = ""
    extra: dict[str, str | int | bool] = {}
    request_id: str = ""
    type: str = "about:blank"
