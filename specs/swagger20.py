"""The Swagger 2.0 view of a 3.1 document, for tools that read nothing newer.

It says less than the contract and never something else: what 2.0 has no words for (alternatives, several types, several
media types, callbacks) is left out, so that every value that is valid under the contract is valid under the view. Null
beside a type is written `x-nullable`, the custom of the tools of that time. Schemas go through the 3.0 view, which has
dealt with what 3.1 brought.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from specs import openapi30
from specs.build import follow
from specs.source import copied

Object: TypeAlias = dict[str, Any]

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_DEFINITIONS = "#/definitions/"
_DROPPED = ("anyOf", "oneOf", "not", "nullable", "writeOnly", "deprecated", "discriminator")
# What a parameter that is no body, an item of one, or a header takes from its schema.
_SIMPLE = (
    "type", "format", "default", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum", "maxLength", "minLength",
    "pattern", "maxItems", "minItems", "uniqueItems", "enum", "multipleOf",
)  # fmt: skip
_FLOWS = {
    "implicit": "implicit",
    "password": "password",
    "clientCredentials": "application",
    "authorizationCode": "accessCode",
}


def view(document: Mapping[str, Any]) -> Object:
    """A sound 3.1 document as one of Swagger 2.0; the document itself is left alone."""
    return _View(openapi30.view(document)).document()


class _View:
    """The view of one document, which is in 3.0 already."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._schemes = dict(self._security_definitions())

    def document(self) -> Object:
        """The whole of it."""
        source = self._document
        paths = {path: self._path_item(item) for path, item in source["paths"].items()}
        result: Object = {"swagger": "2.0", "info": source["info"], **self._address(), "paths": paths}
        _state_common_media_types(result)
        if "tags" in source:
            result["tags"] = source["tags"]
        if "externalDocs" in source:
            result["externalDocs"] = source["externalDocs"]
        schemas = source.get("components", {}).get("schemas", {})
        result["definitions"] = {name: schema_view(schema) for name, schema in schemas.items()}
        if self._schemes:
            result["securityDefinitions"] = {name: scheme for group in self._schemes.values() for name, scheme in group}
        whole: Object = copied(result)  # an object that the source says once is written where it is used
        return whole

    def _address(self) -> Object:
        """Host, base path and scheme of the first server, its variables at their defaults."""
        servers = self._document.get("servers", ())
        if not servers:
            return {}
        url = servers[0]["url"]
        for name, variable in servers[0].get("variables", {}).items():
            url = url.replace(f"{{{name}}}", variable["default"])
        parts = urlsplit(url)
        address: Object = {"host": parts.netloc} if parts.netloc else {}
        address["basePath"] = parts.path.rstrip("/") or "/"
        if parts.scheme in ("http", "https", "ws", "wss"):
            address["schemes"] = [parts.scheme]
        return address

    def _path_item(self, item: Mapping[str, Any]) -> Object:
        shared = item.get("parameters", ())
        return {method: self._operation(item[method], shared) for method in _METHODS if method in item}

    def _operation(self, operation: Mapping[str, Any], shared: Any) -> Object:
        kept = ("operationId", "tags", "summary", "description", "externalDocs", "deprecated")
        result: Object = {key: operation[key] for key in kept if key in operation}
        declared = (self._followed(parameter) for parameter in (*shared, *operation.get("parameters", ())))
        by_place = {
            (parameter["in"], parameter["name"]): parameter for parameter in declared
        }  # the operation's own win
        parameters = [self._parameter(parameter) for (place, _), parameter in by_place.items() if place != "cookie"]
        if "requestBody" in operation:
            body = self._followed(operation["requestBody"])
            result["consumes"] = self._media_types(body["content"])
            parameters += self._body(body)
        if parameters:
            result["parameters"] = parameters
        responses = {status: self._followed(each) for status, each in operation["responses"].items()}
        produced = [name for response in responses.values() for name in response.get("content", ())]
        if produced:
            result["produces"] = [*dict.fromkeys(produced)]
        # 2.0 knows single codes and the default: a range says no more than that something may come.
        codes = {status: each for status, each in responses.items() if not status.endswith("XX")}
        result["responses"] = {status: self._response(each) for status, each in codes.items()} or {
            "default": {"description": "See the description of the operation."}
        }
        # Each operation says its own: one whose schemes cannot be told must not take those of the document instead.
        if security := self._security(operation.get("security", self._document.get("security", ()))):
            result["security"] = security
        return result

    def _parameter(self, parameter: Mapping[str, Any]) -> Object:
        kept = ("name", "in", "description", "required")
        result: Object = {key: parameter[key] for key in kept if key in parameter}
        result |= self._simple(parameter["schema"])
        if result["type"] == "array":
            exploded = parameter.get("explode", parameter.get("style", "form") == "form")
            separate = parameter["in"] == "query" and exploded
            result["collectionFormat"] = "multi" if separate else _separator(parameter.get("style"))
        if result.get("required"):
            result.pop("default", None)
        return result

    def _body(self, body: Mapping[str, Any]) -> Iterator[Object]:
        """One body parameter, or one parameter for each field of a form."""
        media_types = self._media_types(body["content"])
        media = body["content"][media_types[0]]
        if media_types[0] not in _FORMS:
            described = {"description": body["description"]} if "description" in body else {}
            schema = schema_view(media.get("schema", {}))
            if example := _first_example(media, self._followed):
                schema = {**({"allOf": [schema]} if "$ref" in schema else schema), "example": example[0]}
            yield {"name": "body", "in": "body", "required": body.get("required", False), **described, "schema": schema}
            return
        form = self._flat(media.get("schema", {}))
        for name, schema in form.get("properties", {}).items():
            flat = self._flat(schema)
            described = {"description": flat["description"]} if "description" in flat else {}
            required = {"required": True} if name in form.get("required", ()) else {}
            yield {"name": name, "in": "formData", **described, **required, **self._simple(schema)}

    def _media_types(self, content: Mapping[str, Any]) -> list[str]:
        """The media types that can be told together: those of a form, or all others, the first one's kind first."""
        first_is_form = next(iter(content)) in _FORMS
        return [name for name in content if (name in _FORMS) == first_is_form]

    def _response(self, response: Mapping[str, Any]) -> Object:
        result: Object = {"description": response["description"]}
        content = response.get("content", {})
        described = [media["schema"] for media in content.values() if "schema" in media]
        if len(content) == len(described) and all(schema == described[0] for schema in described[1:]) and described:
            result["schema"] = schema_view(described[0])
        if "headers" in response:
            result["headers"] = {name: self._header(header) for name, header in response["headers"].items()}
        examples = {name: _first_example(media, self._followed) for name, media in content.items()}
        if found := {name: example[0] for name, example in examples.items() if example}:
            result["examples"] = found
        return result

    def _header(self, header: Mapping[str, Any]) -> Object:
        found = self._followed(header)
        described = {"description": found["description"]} if "description" in found else {}
        return {**described, **self._simple(found["schema"])}

    def _simple(self, schema: Mapping[str, Any]) -> Object:
        """A schema as it stands beside the name of a parameter, where there are neither references nor objects."""
        flat = self._flat(schema)
        result = {key: flat[key] for key in _SIMPLE if key in flat}
        if "type" not in result:
            result["type"] = _type_of(result.pop("enum", ()), result)
        if result["type"] == "object":
            return {"type": "string"}
        if result["type"] == "array":
            result["items"] = self._simple(flat.get("items", {}))
        if result.get("default", ...) is None:
            del result["default"]
        return result

    def _flat(self, schema: Mapping[str, Any]) -> Object:
        """A schema with what it refers to and what `allOf` adds in one place; the outermost word counts."""
        _, followed = follow(self._document, "", schema)
        parts = [self._flat(part) for part in followed.get("allOf", ())]
        merged: Object = {}
        for part in (followed, *parts):
            for key, value in part.items():
                if key == "properties":
                    merged[key] = {**value, **merged.get(key, {})}
                elif key in ("exclusiveMinimum", "exclusiveMaximum"):  # of the bound that it stands beside
                    bound = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}[key]
                    if merged.get(bound) == part.get(bound):
                        merged.setdefault(key, value)
                elif key == "required":
                    merged[key] = [*dict.fromkeys([*merged.get(key, ()), *value])]
                elif key != "allOf":
                    merged.setdefault(key, value)
        return merged

    def _security_definitions(self) -> Iterator[tuple[str, list[tuple[str, Object]]]]:
        """The definitions by the scheme that they are made of: several for OAuth 2, none for what 2.0 does not know."""
        for name, written in self._document.get("components", {}).get("securitySchemes", {}).items():
            scheme = self._followed(written)
            described = {"description": scheme["description"]} if "description" in scheme else {}
            group: list[tuple[str, Object]] = []
            if scheme["type"] == "apiKey" and scheme["in"] != "cookie":
                group.append((name, {"type": "apiKey", "name": scheme["name"], "in": scheme["in"]}))
            elif scheme["type"] == "http" and scheme["scheme"].lower() == "basic":
                group.append((name, {"type": "basic"}))
            elif scheme["type"] == "http":
                group.append((name, {"type": "apiKey", "name": "Authorization", "in": "header"}))
            elif scheme["type"] == "oauth2":
                for flow, definition in scheme["flows"].items():
                    urls = {key: url for key, url in definition.items() if key in ("authorizationUrl", "tokenUrl")}
                    whole = {"type": "oauth2", "flow": _FLOWS[flow], **urls, "scopes": definition["scopes"]}
                    group.append((name if len(scheme["flows"]) == 1 else f"{name}_{flow}", whole))
            yield name, [(key, {**definition, **described}) for key, definition in group]

    def _security(self, alternatives: Any) -> list[Object]:
        """The alternatives that can be told; each flow of OAuth 2 is one of its own, other schemes have no scopes."""
        told: list[Object] = []
        for alternative in alternatives:
            choices: list[Object] = [{}]
            for name, scopes in alternative.items():
                choices = [
                    {**choice, key: [*scopes] if definition["type"] == "oauth2" else []}
                    for choice in choices
                    for key, definition in self._schemes[name]
                ]
            # What differs in scopes alone is the same here, and may stand there once.
            told += [choice for choice in choices if choice not in told]
        return told

    def _followed(self, value: Mapping[str, Any]) -> Mapping[str, Any]:
        found: Mapping[str, Any] = follow(self._document, "", value)[1]
        return found


def schema_view(schema: Mapping[str, Any]) -> Object:
    """A schema of 3.0 as one of 2.0 that takes at least the same values."""
    if "$ref" in schema:
        return {"$ref": _DEFINITIONS + schema["$ref"].rpartition("/")[2]}
    result: Object = {}
    for keyword, value in schema.items():
        match keyword:
            case "allOf":
                if parts := [part for part in map(schema_view, value) if part]:
                    result[keyword] = parts
            case "items":
                result[keyword] = schema_view(value)
            case "properties":
                result[keyword] = {name: schema_view(inner) for name, inner in value.items()}
            case "additionalProperties":
                result[keyword] = value if isinstance(value, bool) else schema_view(value)
            case _ if keyword not in _DROPPED:
                result[keyword] = value
    if result.get("type") == "array":
        result.setdefault("items", {})
    if schema.get("nullable"):
        result["x-nullable"] = True
        if result.get("default", ...) is None:
            del result["default"]
    meant = _or_null(schema)
    if meant is not None:
        result = {**result, "allOf": [*result.get("allOf", ()), schema_view(meant)], "x-nullable": True}
    return result


def _or_null(schema: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The other one of two alternatives of which one is null."""
    for keyword in ("anyOf", "oneOf"):
        branches = schema.get(keyword, ())
        others = [branch for branch in branches if branch.get("enum") != [None]]
        if len(branches) == 2 and len(others) == 1:
            other: Mapping[str, Any] = others[0]
            return other
    return None


def _first_example(media: Mapping[str, Any], followed: Any) -> list[Any]:
    """The first example of a media type, if there is one."""
    if "example" in media:
        return [media["example"]]
    return [followed(example)["value"] for example in [*media.get("examples", {}).values()][:1]]


def _type_of(values: Sequence[Any], simple: Object) -> str:
    """The type of a parameter that only lists its values, which are put back where they are of one type."""
    for name, kinds in (("boolean", {bool}), ("integer", {int}), ("number", {int, float}), ("string", {str})):
        if values and {type(value) for value in values} <= kinds:
            simple["enum"] = values
            return name
    return "string"


def _separator(style: str | None) -> str:
    return {"spaceDelimited": "ssv", "pipeDelimited": "pipes"}.get(style or "", "csv")


def _state_common_media_types(document: Object) -> None:
    """Say at the top which media types most operations take and give, and below only where others do."""
    operations = [operation for item in document["paths"].values() for operation in item.values()]
    for key in ("consumes", "produces"):
        counts = Counter(tuple(operation[key]) for operation in operations if key in operation)
        if not counts:
            continue
        common = [*counts.most_common(1)[0][0]]
        document[key] = common
        for operation in operations:
            if operation.get(key) == common:
                del operation[key]
