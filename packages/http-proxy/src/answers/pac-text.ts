import { formatHostPort, type HostPort } from '@inband/core';
import type { PacRules } from './pac-rules.ts';

/**
 * A proxy auto-configuration file: everything goes through the proxy at `proxy`, and nothing around it when it is down, except for what
 * the rules name. It looks names up in one object and addresses in sorted lists, and asks no DNS, because that would block the
 * browser and tell the network which names are asked for. It is ECMAScript 3, because Windows runs it with JScript.
 *
 * Names of the configuration and of the client's `Host` are written as JSON strings of ASCII, so they cannot end a string.
 */
export function pacText(rules: PacRules, proxy: HostPort, isSecure = false): string {
  const names = Object.fromEntries(rules.names.map((name) => [name, 1]));
  return `// Proxy auto-configuration, made by Inband.
var proxy = ${literal(`${isSecure ? 'HTTPS' : 'PROXY'} ${formatHostPort(proxy)}`)};
var names = ${literal(names)};
var v4 = ${literal(rules.v4)};
var v6 = ${literal(rules.v6)};
var plainNames = ${literal(rules.plainNames)};
${CODE}`;
}

/** JSON, every character of which is printable ASCII. */
function literal(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** No key of `names` is a property that every object has: each begins with "=" or ".". */
const CODE = `
function FindProxyForURL(url, host) {
  var name = host.toLowerCase().replace(/^\\[|\\]$/g, "").replace(/\\.$/, "");
  return isDirect(name) ? "DIRECT" : proxy;
}

function isDirect(name) {
  var key = name.indexOf(":") < 0 ? keyOfV4(name) : keyOfV6(name);
  if (key.length === 32 && key.substr(0, 24) === "00000000000000000000ffff") key = key.substr(24);
  if (key !== "") return isIn(key.length === 8 ? v4 : v6, key);
  return name.indexOf(":") < 0 && isNamed(name);
}

function isNamed(name) {
  var dot = name.indexOf(".");
  if (plainNames && dot < 0) return true;
  if (names["=" + name] === 1) return true;
  for (; dot >= 0; dot = name.indexOf(".", dot + 1)) {
    if (dot > 0 && names[name.substr(dot)] === 1) return true;
  }
  return false;
}

function isIn(ranges, key) {
  var low = 0, high = ranges.length / 2 - 1, middle;
  while (low <= high) {
    middle = Math.floor((low + high) / 2);
    if (key < ranges[2 * middle]) high = middle - 1;
    else if (key > ranges[2 * middle + 1]) low = middle + 1;
    else return true;
  }
  return false;
}

function hex(number, digits) {
  var text = number.toString(16);
  while (text.length < digits) text = "0" + text;
  return text;
}

function keyOfV4(name) {
  var parts = /^(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})$/.exec(name), key = "", at;
  if (!parts) return "";
  for (at = 1; at < 5; at++) key += hex(Number(parts[at]), 2);
  return key.length === 8 ? key : "";
}

function keyOfV6(name) {
  var text = name.replace(/%.*$/, ""), quad = /^(.*:)([0-9.]+)$/.exec(text), v4key, halves, head, tail, key = "", at;
  if (quad && quad[2].indexOf(".") > 0) {
    v4key = keyOfV4(quad[2]);
    if (v4key === "") return "";
    text = quad[1] + v4key.substr(0, 4) + ":" + v4key.substr(4);
  }
  halves = text.split("::");
  if (halves.length > 2) return "";
  head = halves[0] === "" ? [] : halves[0].split(":");
  tail = halves.length < 2 || halves[1] === "" ? [] : halves[1].split(":");
  if (halves.length < 2 ? head.length !== 8 : head.length + tail.length > 7) return "";
  while (head.length + tail.length < 8) head.push("0");
  head = head.concat(tail);
  for (at = 0; at < 8; at++) {
    if (!/^[0-9a-f]{1,4}$/.test(head[at])) return "";
    key += hex(parseInt(head[at], 16), 4);
  }
  return key;
}
`;
