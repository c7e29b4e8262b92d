import { X509Certificate } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { encrypted, makeAuthority, selfSigned } from '../../test-support/certificates.ts';
import { readAll, shakeHands, testTls, write } from '../../test-support/engines.ts';
import type { OpenSslClientContext, ClientSettings } from './client-context.ts';
import type { OpenSslEngine } from './engine.ts';
import type { OpenSslServerContext, ServerSettings } from './server-context.ts';

const authority = makeAuthority();
const identity = identityOf(authority.issue({ names: ['a.example'] }));
const { tls } = testTls();

function identityOf(made: { chain: string; key: string }): { certificate: string; key: string } {
  return { certificate: made.chain, key: made.key };
}

const asServer: ServerSettings = { identity };
const asClient: ClientSettings = { ca: [authority.cert] };

describe.skipIf(process.platform !== 'linux')('contexts of OpenSSL', () => {
  let contexts: (OpenSslServerContext | OpenSslClientContext)[] = [];
  let engines: OpenSslEngine[] = [];

  afterEach(() => {
    for (const engine of engines) engine.free();
    for (const context of contexts) context.release();
    engines = [];
    contexts = [];
    expect(tls.living).toMatchObject({ contexts: 0, connections: 0, sessions: 0 });
  });

  function server(settings: Partial<ServerSettings> = {}): OpenSslServerContext {
    const context = tls.serverContext({ ...asServer, ...settings });
    contexts.push(context);
    return context;
  }

  function client(settings: Partial<ClientSettings> = {}): OpenSslClientContext {
    const context = tls.clientContext({ ...asClient, ...settings });
    contexts.push(context);
    return context;
  }

  function meet(asking: OpenSslClientContext, asked: OpenSslServerContext, name: string | undefined = 'a.example') {
    const both = { client: asking.engine(name), server: asked.engine() };
    engines.push(both.client, both.server);
    return { ...both, outcome: shakeHands(both.client, both.server) };
  }

  const done = { client: 'done', server: 'done' };

  test.each(['ecdsa', 'ecdsa-p384', 'rsa', 'ed25519'] as const)('serve with a key of the type %s', (key) => {
    const other = identityOf(authority.issue({ names: ['a.example'], key }));
    expect(meet(client(), server({ identity: other })).outcome).toEqual(done);
  });

  test('send the certificates between, and no others', () => {
    const between = authority.intermediate();
    const made = between.issue({ names: ['a.example'] });
    expect(meet(client(), server({ identity: identityOf(made) })).outcome).toEqual(done);
    const without = { certificate: made.cert, key: made.key };
    const { outcome } = meet(client(), server({ identity: without, clientAuth: 'request', ca: [between.cert] }));
    expect(outcome.client).toMatchObject({ reason: 'certificate verify failed', alert: { name: 'unknown_ca' } });
  });

  test('refuse a key that belongs to another certificate, or is none', () => {
    const other = authority.issue({ names: ['a.example'] });
    const rsa = authority.issue({ names: ['a.example'], key: 'rsa' });
    const pair =
      (key: string, certificate = identity.certificate) =>
      () =>
        server({ identity: { certificate, key } });
    expect(pair(other.key)).toThrow('The key is not usable with the certificate: key values mismatch.');
    expect(pair(rsa.key)).toThrow('The key is not usable with the certificate: ');
    expect(pair('nothing')).toThrow('The key cannot be read: ');
    expect(pair(encrypted(identity.key, 'secret'))).toThrow('The key cannot be read: ');
    expect(pair(identity.key, 'nothing')).toThrow('no CERTIFICATE in PEM');
    const broken = identity.certificate.replace(/(?<=CERTIFICATE-----\n)..../, 'AAAA');
    expect(pair(identity.key, broken)).toThrow('The certificate is not usable: ');
    expect(pair(identity.key, identity.certificate + broken)).toThrow('The certificate 2 of the chain is not usable: ');
  });

  test('refuse ciphers, groups, authorities and lists that are not usable', () => {
    expect(() => server({ ciphers: 'NO-SUCH' })).toThrow('The ciphers "NO-SUCH" are not usable: no cipher match.');
    expect(() => server({ ciphers: 'TLS_NO_SUCH' })).toThrow('The ciphers "TLS_NO_SUCH" are not usable: ');
    expect(() => server({ groups: 'no-such' })).toThrow('The groups "no-such" are not usable: ');
    const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
    expect(() => client({ ca: [broken] })).toThrow('The certificate 1 of the authorities is not usable: ');
    const list = '-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n';
    expect(() => client({ crl: [list] })).toThrow('The revocation list 1 is not usable: ');
    expect(() => client({ alpn: [''] })).toThrow('"" is no name of a protocol.');
    expect(() => server({ minVersion: '1.3', maxVersion: '1.2' })).toThrow('above');
  });

  test('use the ciphers and groups that they are given', () => {
    const older = meet(client({ maxVersion: '1.2' }), server({ ciphers: 'ECDHE-ECDSA-CHACHA20-POLY1305' }));
    expect(older.client.facts()).toMatchObject({
      cipher: 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256',
      version: 'TLSv1.2',
    });
    const newer = meet(client(), server({ ciphers: 'TLS_AES_128_GCM_SHA256', groups: 'P-384' }));
    expect(newer.client.facts()).toMatchObject({ cipher: 'TLS_AES_128_GCM_SHA256', group: 'secp384r1' });
  });

  test('agree on X25519MLKEM768 by default, and on X25519 with a client that has nothing newer', () => {
    expect(meet(client(), server()).server.facts().group).toBe('X25519MLKEM768');
    expect(meet(client({ groups: 'X25519' }), server()).server.facts().group).toBe('x25519');
  });

  test('refuse versions below the lowest one', () => {
    const { outcome } = meet(client({ maxVersion: '1.2' }), server({ minVersion: '1.3' }));
    expect(outcome.server).toMatchObject({
      reason: 'unsupported protocol',
      side: 'peer',
      alert: { direction: 'sent', name: 'protocol_version' },
    });
    expect(outcome.client).toMatchObject({ side: 'own', alert: { direction: 'received', name: 'protocol_version' } });
  });

  test('choose the first protocol of the server that the client has', () => {
    const asked = server({ alpn: ['h2', 'http/1.1'] });
    expect(meet(client({ alpn: ['http/1.1', 'h2'] }), asked).client.facts().alpn).toBe('h2');
    expect(meet(client({ alpn: ['http/1.1'] }), asked).server.facts().alpn).toBe('http/1.1');
    expect(meet(client(), asked).server.facts().alpn).toBeUndefined();
    expect(meet(client({ alpn: ['http/1.1'] }), server()).server.facts().alpn).toBeUndefined();
  });

  test('end a handshake without a common protocol by the alert for it', () => {
    const { outcome } = meet(client({ alpn: ['h2'] }), server({ alpn: ['http/1.1'] }));
    expect(outcome.server).toMatchObject({
      alert: { direction: 'sent', number: 120, name: 'no_application_protocol' },
    });
    expect(outcome.client).toMatchObject({ alert: { direction: 'received', name: 'no_application_protocol' } });
  });

  describe.each(['1.2', '1.3'] as const)('with certificates of clients and TLS %s', (settled) => {
    const clients = makeAuthority('Clients');
    const made = clients.issue({ names: [], uris: ['spiffe://example/job'], commonName: 'job', usage: 'client' });
    const asking = (settings: Partial<ServerSettings> = {}): OpenSslServerContext =>
      server({ clientAuth: 'require', ca: [clients.cert], maxVersion: settled, ...settings });

    test('believe the one of an authority', () => {
      const { outcome, server: engine } = meet(client({ identity: identityOf(made) }), asking());
      expect(outcome).toEqual(done);
      const der = engine.facts().certificate ?? Buffer.of();
      expect(new X509Certificate(der).subjectAltName).toBe('URI:spiffe://example/job');
      expect(engine.facts().certificate).toBe(der);
    });

    test('keep who the client is over a resumption', () => {
      const asked = asking();
      const context = client({ identity: identityOf(made) });
      for (const resumed of [false, true]) {
        const { client: one, server: other } = meet(context, asked);
        expect(other.facts()).toMatchObject({ resumed, verification: { code: 0 } });
        expect(other.facts().certificate?.equals(new X509Certificate(made.cert).raw)).toBe(true);
        write(other, 'x');
        for (let n = other.takeCipher(); n > 0; n = other.takeCipher()) one.feed(other.cipher, 0, n);
        expect(readAll(one).bytes.toString()).toBe('x');
      }
    });

    test('ask for it, and go on without one where they only request it', () => {
      const { outcome, server: engine } = meet(client(), asking({ clientAuth: 'request' }));
      expect(outcome).toEqual(done);
      expect(engine.facts().certificate).toBeUndefined();
    });

    test('refuse a client without one where they require it', () => {
      const { outcome, client: engine, server: other } = meet(client(), asking());
      const name = settled === '1.3' ? 'certificate_required' : 'handshake_failure';
      expect(outcome.server).toMatchObject({
        reason: 'peer did not return a certificate',
        side: 'peer',
        alert: { direction: 'sent', name },
      });
      expect(other.read()).toBe(outcome.server);
      // With TLS 1.3 a client is done before its certificate is judged.
      const heard = settled === '1.3' ? engine.read() : outcome.client;
      expect(heard).toMatchObject({ side: 'own', alert: { direction: 'received', name } });
    });

    test.each([
      ['unknown_ca', () => identityOf(makeAuthority().issue({ usage: 'client' })), 'unable to get local issuer'],
      ['unknown_ca', () => identityOf(selfSigned({ usage: 'client' })), 'self-signed certificate'],
      [
        'certificate_expired',
        () => identityOf(clients.issue({ usage: 'client', notAfter: new Date(Date.now() - 1000) })),
        'certificate has expired',
      ],
      [
        'bad_certificate',
        () => identityOf(clients.issue({ usage: 'client', notBefore: new Date(Date.now() + 86_400_000) })),
        'certificate is not yet valid',
      ],
      ['unsupported_certificate', () => identityOf(clients.issue({ usage: 'server' })), 'purpose'],
    ])('refuse with %s and say why', (name, makeIdentity, reason) => {
      for (const clientAuth of ['request', 'require'] as const) {
        const { outcome, client: engine } = meet(client({ identity: makeIdentity() }), asking({ clientAuth }));
        expect(outcome.server).toMatchObject({
          reason: 'certificate verify failed',
          alert: { direction: 'sent', name },
          verification: { text: expect.stringContaining(reason) },
        });
        const heard = settled === '1.3' ? engine.read() : outcome.client;
        expect(heard).toMatchObject({ alert: { direction: 'received', name } });
      }
    });

    test('refuse those on a revocation list', () => {
      const asked = asking({ crl: [clients.crl([made])] });
      expect(meet(client({ identity: identityOf(made) }), asked).outcome.server).toMatchObject({
        alert: { name: 'certificate_revoked' },
        verification: { code: 23, text: 'certificate revoked' },
      });
      const other = clients.issue({ usage: 'client' });
      expect(meet(client({ identity: identityOf(other) }), asked).outcome).toEqual(done);
    });
  });

  test('verify the chain of a server, and say what is wrong with it', () => {
    const stranger = server({ identity: identityOf(selfSigned({ names: ['a.example'] })) });
    const { outcome } = meet(client(), stranger);
    expect(outcome.client).toMatchObject({
      reason: 'certificate verify failed',
      side: 'peer',
      verification: { code: 18, text: 'self-signed certificate' },
    });
    expect(outcome.server).toMatchObject({ side: 'own', alert: { direction: 'received', name: 'unknown_ca' } });
  });

  test('do not verify where they need not, but say what it would have been', () => {
    const stranger = server({ identity: identityOf(selfSigned({ names: ['a.example'] })) });
    const { outcome, client: engine } = meet(client({ verify: false }), stranger);
    expect(outcome).toEqual(done);
    expect(engine.facts().verification).toEqual({ code: 18, text: 'self-signed certificate' });
    expect(engine.facts().certificate).toBeDefined();
  });

  test('verify against the authorities of Node.js by default', () => {
    const asking = tls.clientContext({});
    contexts.push(asking);
    const { outcome } = meet(asking, server());
    expect(outcome.client).toMatchObject({ verification: { text: 'unable to get local issuer certificate' } });
    expect(tls.living.stores).toBe(1);
    const list = tls.clientContext({ crl: [authority.crl([])] });
    contexts.push(list);
    expect(meet(list, server()).outcome.client).toMatchObject({ verification: { code: 20 } });
    // The one that is kept.
    expect(tls.living.stores).toBe(1);
  });

  test('refuse a revoked server', () => {
    const made = authority.issue({ names: ['a.example'] });
    const asked = server({ identity: identityOf(made) });
    expect(meet(client({ crl: [authority.crl([])] }), asked).outcome).toEqual(done);
    expect(meet(client({ crl: [authority.crl([made])] }), asked).outcome.client).toMatchObject({
      alert: { direction: 'sent', name: 'certificate_revoked' },
    });
  });

  test('live as long as their engines, and make no more of them after release', () => {
    const asked = tls.serverContext(asServer);
    const engine = asked.engine();
    asked.release();
    asked.release();
    expect(tls.living).toMatchObject({ contexts: 1, connections: 1 });
    expect(() => asked.engine()).toThrow('The TLS context is released.');
    const asking = client();
    const one = asking.engine('a.example');
    engines.push(one);
    expect(shakeHands(one, engine)).toEqual(done);
    engine.free();
    expect(tls.living).toMatchObject({ contexts: 1, connections: 1 });
  });

  test('leave nothing behind when something cannot be set', () => {
    const before = tls.living;
    expect(() => server({ ciphers: 'NO-SUCH' })).toThrow();
    expect(() => server({ clientAuth: 'request', ca: [authority.cert], alpn: ['x'.repeat(256)] })).toThrow();
    const asking = client();
    expect(() => asking.engine('x'.repeat(300))).toThrow('cannot be asked for');
    asking.release();
    expect(tls.living).toEqual(before);
  });
});
