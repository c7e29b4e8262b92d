import type { RequestForm } from '../peer.ts';

/** A request of a workload, and the answer that it must get. */
export interface RequestSpec {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Value of `Host` where it is not the origin's address; only for proxies in front of servers. */
  readonly host?: string;
  readonly fields: readonly (readonly [string, string])[];
  /** Bytes of content. */
  readonly content: number;
  /** Bytes of content in the answer. */
  readonly answer: number;
  /** Size of the whole head in bytes. The value of the last field is padded to reach it. */
  readonly headSize?: number;
}

/** The bytes of `spec` as text, for the origin at `port`. All of it is ASCII. */
export function requestText(spec: RequestSpec, form: RequestForm, port: number): string {
  const authority = spec.host ?? `127.0.0.1:${port}`;
  const target = form === 'absolute' ? `http://${authority}${spec.path}` : spec.path;
  const fields = [['Host', authority], ...spec.fields];
  if (spec.content > 0) fields.push(['Content-Length', String(spec.content)]);
  const lines = [`${spec.method} ${target} HTTP/1.1`, ...fields.map(([name, value]) => `${name}: ${value}`)];
  const missing = spec.headSize === undefined ? 0 : spec.headSize - lines.join('\r\n').length - 4;
  if (missing < 0) throw new RangeError(`the head is ${-missing} bytes longer than ${spec.headSize}`);
  return `${lines.join('\r\n')}${'f'.repeat(missing)}\r\n\r\n${'x'.repeat(spec.content)}`;
}

/** `text` as a Lua string. */
export function luaString(text: string): string {
  const escaped = text.replaceAll(/[^ !#-[\]-~]/g, (byte) => `\\${String(byte.charCodeAt(0)).padStart(3, '0')}`);
  return `"${escaped}"`;
}
