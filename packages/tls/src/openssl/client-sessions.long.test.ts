import { afterEach, describe, expect, test } from 'vitest';
import { makeAuthority, type TestAuthority } from '../../test-support/certificates.ts';
import { deliver, readAll, shakeHands, testTls, write } from '../../test-support/engines.ts';
import type { OpenSslClientContext } from './client-context.ts';
import type { OpenSslServerContext } from './server-context.ts';

const authority = makeAuthority();
const clients = makeAuthority('Clients');
const issued = authority.issue({ names: ['a.example'] });
const { tls } = testTls();

describe.skipIf(process.platform !== 'linux')('the session of a client with a certificate', () => {
  let contexts: (OpenSslServerContext | OpenSslClientContext)[] = [];

  afterEach(() => {
    for (const context of contexts) context.release();
    contexts = [];
    expect(tls.living).toMatchObject({ contexts: 0, connections: 0, sessions: 0 });
  });

  /** A server that asks for certificates, and a client with one that was issued by `issuer`. */
  function pair(issuer: TestAuthority, maxVersion: '1.2' | '1.3') {
    const { chain: certificate, key } = issuer.issue({ names: ['client'], usage: 'client' });
    const asked = tls.serverContext({
      identity: { certificate: issued.chain, key: issued.key },
      clientAuth: 'require',
      ca: [clients.cert],
    });
    const asking = tls.clientContext({ ca: [authority.cert], identity: { certificate, key }, maxVersion });
    contexts.push(asked, asking);
    return { asked, asking };
  }

  /** One connection with an answer of the server: whether it was resumed, or why it was refused. */
  function visit({ asked, asking }: ReturnType<typeof pair>): boolean | string {
    const one = asking.engine('a.example');
    const other = asked.engine();
    try {
      const { server: outcome } = shakeHands(one, other);
      if (typeof outcome === 'object') return outcome.verification?.text ?? 'a fault';
      write(other, 'answer');
      deliver(other, one);
      expect(readAll(one).bytes.toString()).toBe('answer');
      return one.facts().resumed;
    } finally {
      one.free();
      other.free();
    }
  }

  test.each(['1.2', '1.3'] as const)('is resumed with TLS %s, and again', (version) => {
    const both = pair(clients.intermediate(), version);
    expect([visit(both), visit(both), visit(both)]).toEqual([false, true, true]);
  });

  test.each(['1.2', '1.3'] as const)('ends with the first certificate of its chain, with TLS %s', async (version) => {
    // In whole seconds, as certificates and sessions are.
    const end = Math.ceil(Date.now() / 1_000) * 1_000 + 3_000;
    const both = pair(clients.intermediate('Soon over', { notAfter: new Date(end) }), version);
    expect([visit(both), visit(both)]).toEqual([false, true]);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(visit(both)).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, end + 1_100 - Date.now()));
    expect(visit(both)).toBe('certificate has expired');
  });
});
