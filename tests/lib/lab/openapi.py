"""docs/openapi.json held against real requests and answers; a validator of the part of JSON Schema that it uses."""
import collections
import datetime
import json
import re

from .proc import ROOT

KINDS = {"string": str, "array": list, "object": dict, "boolean": bool, "null": type(None)}
KNOWN = {"$ref", "oneOf", "type", "enum", "pattern", "format", "minLength", "maxLength", "minimum", "maximum", "items", "minItems",
         "maxItems", "properties", "required", "additionalProperties", "description", "default", "contentEncoding"}


class Mismatch(AssertionError):
    pass


def is_kind(value, kind):
    if kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, KINDS[kind])


class Document:
    def __init__(self, path=ROOT / "docs" / "openapi.json"):
        self.doc = json.loads(path.read_text())
        self.operations = {(m.upper(), p): op for p, item in self.doc["paths"].items() for m, op in item.items()}
        self.patterns = [(m, p, re.compile(re.sub(r"\{\w+\}", "[^/]+", p) + r"\Z")) for m, p in self.operations]
        self.patterns.sort(key=lambda x: x[1].count("{"))  # literal segments win
        self.seen = collections.Counter()                  # (method, path, status as documented)

    def schema(self, ref):
        assert ref.startswith("#/components/schemas/"), ref
        return self.doc["components"]["schemas"][ref.rsplit("/", 1)[1]]

    # -- values

    def check(self, value, schema, where=""):
        unknown = set(schema) - KNOWN
        assert not unknown, f"the validator does not know {unknown}"
        if "$ref" in schema:
            return self.check(value, self.schema(schema["$ref"]), where)
        if "oneOf" in schema:
            fits = 0
            for s in schema["oneOf"]:
                try:
                    self.check(value, s, where)
                    fits += 1
                except Mismatch as e:
                    last = e
            if fits != 1:
                raise Mismatch(f"{where}: {fits} of oneOf fit" + (f" ({last})" if fits == 0 else ""))
            return None
        kinds = schema.get("type", [])
        kinds = kinds if isinstance(kinds, list) else [kinds]
        if kinds and not any(is_kind(value, k) for k in kinds):
            raise Mismatch(f"{where}: {value!r} is not {' or '.join(kinds)}")
        if "enum" in schema and value not in schema["enum"]:
            raise Mismatch(f"{where}: {value!r} is none of {schema['enum']}")
        if isinstance(value, str):
            self.check_string(value, schema, where)
        elif isinstance(value, int) and not isinstance(value, bool):
            if not schema.get("minimum", value) <= value <= schema.get("maximum", value):
                raise Mismatch(f"{where}: {value} is out of range")
        elif isinstance(value, list):
            if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
                raise Mismatch(f"{where}: {len(value)} items")
            for i, v in enumerate(value):
                self.check(v, schema.get("items", {}), f"{where}/{i}")
        elif isinstance(value, dict):
            self.check_object(value, schema, where)
        return None

    def check_string(self, value, schema, where):
        if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
            raise Mismatch(f"{where}: {len(value)} characters")
        if "pattern" in schema and not re.search(schema["pattern"], value):
            raise Mismatch(f"{where}: {value!r} does not match {schema['pattern']}")
        if schema.get("format") == "date-time":
            datetime.datetime.fromisoformat(value)

    def check_object(self, value, schema, where):
        properties, more = schema.get("properties", {}), schema.get("additionalProperties", True)
        if missing := set(schema.get("required", [])) - set(value):
            raise Mismatch(f"{where}: {sorted(missing)} missing")
        for k, v in value.items():
            if k in properties:
                self.check(v, properties[k], f"{where}/{k}")
            elif more is False:
                raise Mismatch(f"{where}: {k!r} is not documented")
            elif isinstance(more, dict):
                self.check(v, more, f"{where}/{k}")

    # -- requests and answers

    def find(self, method, target):
        path = target.split("?")[0]
        method = "GET" if method == "HEAD" else method
        for m, p, pattern in self.patterns:
            if m == method and pattern.match(path):
                return m, p
        return None

    def check_answer(self, method, target, answer):
        """Of a documented operation: its status, its type and its body are documented too."""
        found = self.find(method, target)
        if found is None or answer.status in (404, 405) and answer.headers.get("Allow"):
            return
        responses = self.operations[found]["responses"]
        status = str(answer.status)
        key = status if status in responses else status[0] + "XX"
        where = f"{method} {target} {status}"
        if key not in responses:
            raise Mismatch(f"{where}: this status is not documented")
        self.seen[(*found, key)] += 1
        content = responses[key].get("content", {})
        kind = answer.headers.get("Content-Type")
        if method == "HEAD" or not answer.body or self.is_nginx(answer):
            return
        if kind is not None and kind.startswith("multipart/byteranges"):
            return
        if kind not in content:
            raise Mismatch(f"{where}: {kind} is not documented, only {list(content)}")
        if kind.endswith("json"):
            self.check(answer.json(), content[kind]["schema"], where)

    @staticmethod
    def is_nginx(answer):
        """A page of its own, when it stands before otad."""
        return answer.status >= 400 and answer.headers.get("Server", "").startswith("nginx") and answer.headers["Content-Type"] == "text/html"

    def check_request(self, method, target, body, answer):
        """What was accepted is what is documented."""
        found = self.find(method, target)
        if found is None or not 200 <= answer.status < 300:
            return
        op, where = self.operations[found], f"{method} {target}"
        wanted = op.get("requestBody")
        if body and wanted is None:
            raise Mismatch(f"{where}: takes a body that is not documented")
        if body and "application/json" in wanted["content"]:
            self.check(json.loads(body), wanted["content"]["application/json"]["schema"], where + " body")

    def watch(self, method, target, body, answer):
        self.check_answer(method, target, answer)
        self.check_request(method, target, body, answer)
