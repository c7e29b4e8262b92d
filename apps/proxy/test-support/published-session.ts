import type { PublishedSession } from '../src/cluster/view/published-sessions.ts';

/** A session as members of a cluster tell each other: a tunnel that has begun a moment ago, if nothing else is said. */
export function publishedSession(id: string, more: Partial<PublishedSession> = {}): PublishedSession {
  return {
    id,
    worker: 0,
    kind: 'tunnel',
    service: 'web',
    route: '',
    client: '192.0.2.7:4000',
    method: 'CONNECT',
    target: 'shop.example:443',
    state: 'tunnel',
    server: '',
    startedAt: '2026-11-29T00:00:00.000Z',
    seconds: 1,
    requestBytes: 0,
    responseBytes: 0,
    ...more,
  };
}
