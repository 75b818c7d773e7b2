"""The form of a legacy upload, read as it comes: short fields in memory, the file straight to disk.

`feed` is for a thread: it parses and writes. Nothing of the form is believed here; `uploads.py` compares it with the
wheel. Source: the PyPA "Upload API" page (legacy); RFC 7578.
"""

from dataclasses import dataclass, field
from io import BufferedWriter

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from wheelkeep.errors import RequestError, WheelError

__all__ = ["FormReader", "UploadForm", "parse_boundary"]

_CONTENT = "content"
_MOST_FIELD_BYTES = 4 << 20  # a README travels in the field `description`
_MOST_FIELDS_BYTES = 16 << 20
_MOST_PARTS = 10_000  # each classifier is a field


@dataclass(slots=True)
class UploadForm:
    """What the form says: the first value of each field, and the file's name; `filename` is None without a file."""

    fields: dict[str, str] = field(default_factory=dict)
    filename: str | None = None


def parse_boundary(content_type: bytes) -> bytes:
    """The boundary that a Content-Type header names.

    Raises:
        RequestError: `invalid_request`: no multipart/form-data.
    """
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"")
    if kind.lower() != b"multipart/form-data" or not boundary:
        raise _malformed("the body is no multipart/form-data")
    return boundary


class FormReader:
    """Reads one form.

    Args:
        boundary: of `parse_boundary`.
        target: takes the file's bytes; the caller flushes and closes it.
        most_bytes: more than that of the file raises `wheel_too_large`.
    """

    def __init__(self, boundary: bytes, target: BufferedWriter, *, most_bytes: int) -> None:
        self._target = target
        self._most_bytes = most_bytes
        self._form = UploadForm()
        self._headers: dict[bytes, bytes] = {}
        self._header_name = bytearray()
        self._header_value = bytearray()
        self._name: str | None = None
        self._value = bytearray()
        self._parts = self._field_bytes = self._content_bytes = 0
        self._ended = False
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin_part,
                    "on_header_field": lambda data, start, end: self._header_name.extend(data[start:end]),
                    "on_header_value": lambda data, start, end: self._header_value.extend(data[start:end]),
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._end_headers,
                    "on_part_data": self._take,
                    "on_part_end": self._end_part,
                    "on_end": self._end,
                },
            )
        except FormParserError:
            raise _malformed("the boundary is too long") from None

    def feed(self, data: bytes) -> None:
        """Parse the next piece of the body.

        Raises:
            RequestError: `invalid_request`: the form is malformed.
            WheelError: `wheel_too_large`.
            OSError: the disk is full.
        """
        try:
            self._parser.write(data)
        except FormParserError:
            raise _malformed("the form is malformed") from None

    def finish(self) -> UploadForm:
        """The form, after its last piece.

        Raises:
            RequestError: `invalid_request`: the form ends early.
        """
        if not self._ended:
            raise _malformed("the form ends early")
        return self._form

    def _begin_part(self) -> None:
        self._parts += 1
        if self._parts > _MOST_PARTS:
            raise _malformed("the form has too many fields")
        self._headers.clear()
        self._value.clear()

    def _end_header(self) -> None:
        self._headers[bytes(self._header_name).lower()] = bytes(self._header_value)
        self._header_name.clear()
        self._header_value.clear()

    def _end_headers(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        if self._name == _CONTENT:
            if self._form.filename is not None:
                raise _malformed("the form has two files")
            self._form.filename = options.get(b"filename", b"").decode("utf-8", "replace")

    def _take(self, data: bytes, start: int, end: int) -> None:
        if self._name == _CONTENT:
            self._content_bytes += end - start
            if self._content_bytes > self._most_bytes:
                raise WheelError(
                    f"the wheel is larger than {self._most_bytes >> 20} MiB",
                    code="wheel_too_large",
                    hint="keep data sets and models out of the wheel; put them into storage",
                )
            self._target.write(memoryview(data)[start:end])
            return
        self._field_bytes += end - start
        if len(self._value) + end - start > _MOST_FIELD_BYTES or self._field_bytes > _MOST_FIELDS_BYTES:
            raise _malformed("a field of the form is too long")
        self._value.extend(data[start:end])

    def _end_part(self) -> None:
        if self._name and self._name != _CONTENT:
            self._form.fields.setdefault(self._name, self._value.decode("utf-8", "replace"))

    def _end(self) -> None:
        self._ended = True


def _malformed(message: str) -> RequestError:
    return RequestError(message, code="invalid_request", hint="upload with `twine upload` or `uv publish`")
