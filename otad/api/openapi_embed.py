#!/usr/bin/env python3
"""openapi_embed.py docs/openapi.json OUT.h: the document as a C array, and the page that shows it, which needs no script."""
import base64
import hashlib
import html
import json
import sys

STYLE = """
:root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem}
h2{margin-top:2.5rem}h3{font-size:1rem;margin:1.5rem 0 .25rem}code{font-family:ui-monospace,monospace;overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.2rem .8rem .2rem 0;border-bottom:1px solid #8886}
th{font-weight:600}.m{display:inline-block;min-width:4rem;font-weight:700}p{margin:.25rem 0}
"""


def code(text):
    return f"<code>{html.escape(str(text))}</code>"


def schema_text(s):
    """One schema in a line; a named one is a link."""
    if "$ref" in s:
        name = s["$ref"].rsplit("/", 1)[1]
        return f'<a href="#schema-{name}">{html.escape(name)}</a>'
    if "oneOf" in s:
        return " or ".join(schema_text(x) for x in s["oneOf"])
    if "enum" in s:
        return " ".join(code(json.dumps(v)) for v in s["enum"])
    kind = s.get("type", "any")
    kinds = kind if isinstance(kind, list) else [kind]
    if "array" in kinds and "items" in s:
        return "list of " + schema_text(s["items"]) + (" or string" if "string" in kinds else "")
    if kind == "object" and s.get("properties"):
        required = s.get("required", [])
        return "{ " + ", ".join(code(k) + ("" if k in required else "?") + ": " + schema_text(v) for k, v in s["properties"].items()) + " }"
    more = [f"{word} {s[key]}" for key, word in (("minimum", "from"), ("maximum", "to"), ("minLength", "at least"), ("maxLength", "at most"))
            if s.get(key)]
    return html.escape(" or ".join(kinds)) + (f" ({html.escape(', '.join(more))})" if more else "")


def content_text(content):
    return "<br>".join(f"{code(kind)}: {schema_text(c['schema'])}" for kind, c in content.items())


def operation(path, method, op):
    who = " or ".join("nobody" if not s else ", ".join(s) for s in op["security"]) or "nobody"
    out = [f'<h3 id="{op["operationId"]}"><span class="m">{method.upper()}</span> {code(path)}</h3><p>{html.escape(op["summary"])}.</p>',
           f"<p>Credential: {html.escape(who.replace('nobody', 'none'))}"
           + (f"; right {code(op['x-permission'])}" if "x-permission" in op else "") + ".</p>", "<table>"]
    for p in op.get("parameters", []):
        out.append(f"<tr><th scope=row>{code(p['name'])} in {p['in']}</th><td>{html.escape(p['description'])}: {schema_text(p['schema'])}</td></tr>")
    if "requestBody" in op:
        out.append(f"<tr><th scope=row>body</th><td>{content_text(op['requestBody']['content'])}</td></tr>")
    for status, r in op["responses"].items():
        out.append(f"<tr><th scope=row>{status}</th><td>{html.escape(r['description'])} {content_text(r.get('content', {}))}</td></tr>")
    return "".join(out) + "</table>\n"


def page(doc):
    info = doc["info"]
    out = [f'<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content="width=device-width"><title>{info["title"]}: API</title>'
           f"<style>{STYLE}</style></head><body><h1>{info['title']}: API</h1><p>{html.escape(info['description'])}</p>"
           '<p>The same for programs: <a href="openapi.json">openapi.json</a> (OpenAPI 3.1).</p>\n']
    for tag in doc["tags"]:
        out.append(f"<h2>{html.escape(tag['name'])}</h2>\n")
        out += [operation(path, m, op) for path, item in doc["paths"].items() for m, op in item.items() if op["tags"][0] == tag["name"]]
    out.append("<h2>Schemas</h2>\n")
    for name, s in doc["components"]["schemas"].items():
        out.append(f'<h3 id="schema-{name}">{name}</h3><p>{schema_text(s)}</p>\n')
    return "".join(out) + "</body></html>\n"


def array(name, data):
    rows = [",".join(map(str, data[i:i + 24])) for i in range(0, len(data), 24)]
    return f"static const unsigned char {name}[{len(data)}] = {{\n" + ",\n".join(rows) + "};\n"


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        doc = json.load(f)
    style = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    with open(sys.argv[2], "w", encoding="ascii") as out:
        out.write("/* Made by openapi_embed.py. */\n")
        out.write(array("openapi_json", json.dumps(doc, separators=(",", ":"), ensure_ascii=False).encode()))
        out.write(array("openapi_page", page(doc).encode()))
        out.write(f'#define OPENAPI_STYLE "sha256-{style}"\n')


main()
