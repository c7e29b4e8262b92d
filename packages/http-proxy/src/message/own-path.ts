/** The pages of a forward proxy itself. */
export type OwnPath = '/' | '/proxy.pac' | '/wpad.dat';

const PATHS: readonly OwnPath[] = ['/', '/proxy.pac', '/wpad.dat'];
const QUESTION_MARK = '?';
/** Whoever looks for a proxy may add a query. */
const LONGEST = 256;

/** What of a `RequestHead` says whether it asks for one. */
export interface PageRequest {
  readonly method: string;
  readonly hasBody: boolean;
  readonly prefersHtml: boolean;
  readonly buffer: Buffer;
  readonly base: number;
  readonly pathStart: number;
  readonly pathEnd: number;
}

/**
 * The page of the proxy itself that a request would ask for, its query left out. `/` is a page only for whoever prefers HTML: a program
 * that asks a forward proxy for it has made a mistake, and is to hear of it. Call it with a head whose fields have been read.
 */
export function ownPathOf(head: PageRequest): OwnPath | undefined {
  const { method, buffer, base, pathStart, pathEnd } = head;
  if ((method !== 'GET' && method !== 'HEAD') || head.hasBody || pathEnd - pathStart > LONGEST) return undefined;
  const [written = ''] = buffer.toString('latin1', base + pathStart, base + pathEnd).split(QUESTION_MARK, 1);
  const path = written === '' ? '/' : PATHS.find((known) => known === written);
  return path === '/' && !head.prefersHtml ? undefined : path;
}
