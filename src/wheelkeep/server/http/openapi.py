"""The OpenAPI document, made from the routes and their msgspec types, so that it cannot drift from them."""

import re
from typing import Any

import msgspec

from wheelkeep.server.http.problem import PROBLEM_TYPE
from wheelkeep.server.http.route import API, Route
from wheelkeep.wire.problem import Problem

__all__ = ["openapi_document"]

_REFERENCE = "#/components/schemas/{name}"


def openapi_document(routes: list[Route], *, version: str) -> dict[str, Any]:
    """The OpenAPI 3.1 document of `routes`."""
    types: list[Any] = [Problem]
    types += [one for route in routes for one in (route.body, route.answer) if one is not None]
    schemas, components = msgspec.json.schema_components(types, ref_template=_REFERENCE, schema_hook=_any_value)
    schema_of = {repr(one): schema for one, schema in zip(types, schemas, strict=True)}
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        path = API + re.sub(r":path}", "}", route.path)
        paths.setdefault(path, {})[route.method.lower()] = _operation(route, schema_of)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Wheelkeep", "version": version, "license": {"name": "Apache-2.0"}},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"bearer": []}],
    }


def _any_value(kind: type) -> dict[str, Any]:
    """The schema of a field that may hold any JSON value (`object` in our structs)."""
    if kind is object:
        return {"description": "any JSON value"}
    raise NotImplementedError


def _operation(route: Route, schema_of: dict[str, dict[str, Any]]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": route.summary,
        "operationId": re.sub(r"\W+", "_", f"{route.method.lower()}{route.path}").strip("_"),
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in re.findall(r"{(\w+)(?::path)?}", route.path)
        ],
        "responses": {
            "default": {
                "description": "what went wrong",
                "content": {PROBLEM_TYPE: {"schema": schema_of[repr(Problem)]}},
            }
        },
    }
    if route.answer is None:
        operation["responses"][str(route.status if route.raw else 204)] = {"description": "done"}
    else:
        operation["responses"][str(route.status)] = {
            "description": "the answer",
            "content": {"application/json": {"schema": schema_of[repr(route.answer)]}},
        }
    if route.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema_of[repr(route.body)]}},
        }
    elif route.raw and route.method in {"PUT", "POST"}:
        operation["requestBody"] = {"required": True, "content": {"application/octet-stream": {}}}
    return operation
