import { mkdtemp, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer as createHttpServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext, createServer as createTlsServer, type Server as TlsServer } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import {
  type AcmeLog,
  Board,
  type Clock,
  type IssuedCertificate,
  Keeper,
  type KeeperOptions,
  NO_CHALLENGES,
  type OpenChallenges,
  StateFolder,
  systemClock,
  undiciAsk,
} from '@inband/acme';
import { PEBBLE, Pebble } from './pebble.ts';
import { describeRequiring } from '../support/requires.ts';

const PATIENCE = { timeout: 15_000, interval: 20 };
const DAY = 86_400_000;
const EAB = { 'kid-1': Buffer.from('a key of at least thirty-two bytes').toString('base64url') };

const log: AcmeLog = { debug() {}, info() {}, warn() {}, error() {} };

/** The clock of the machine, which a test can put forward. */
class ShiftedClock implements Clock {
  #ahead = 0;
  #shifted = Promise.withResolvers<void>();

  now(): number {
    return Date.now() + this.#ahead;
  }

  async sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    const until = this.now() + milliseconds;
    while (this.now() < until) {
      const enough = new AbortController();
      const wait = systemClock.sleep(until - this.now(), AbortSignal.any([signal, enough.signal]));
      await Promise.race([wait, this.#shifted.promise]).finally(() => {
        enough.abort();
        wait.catch(() => undefined);
      });
    }
  }

  shift(milliseconds: number): void {
    this.#ahead += milliseconds;
    this.#shifted.resolve();
    this.#shifted = Promise.withResolvers<void>();
  }
}

describeRequiring(PEBBLE, 'certificates of pebble', () => {
  let folder: string;
  let open: OpenChallenges = NO_CHALLENGES;
  let isSilent = false;
  let published: readonly IssuedCertificate[];
  let http: Server;
  let tls: TlsServer;
  let pebble: Pebble;
  let clock: ShiftedClock;
  let keeper: Keeper | undefined;
  let ask: ReturnType<typeof undiciAsk>;

  beforeAll(async () => {
    http = createHttpServer(({ url = '' }, response) => {
      const answer = isSilent ? undefined : open.http[url.replace('/.well-known/acme-challenge/', '')];
      response.writeHead(answer === undefined ? 404 : 200).end(answer);
    }).listen(0, '127.0.0.1');
    tls = createTlsServer({
      ALPNProtocols: ['acme-tls/1'],
      SNICallback: (host, done) => {
        const answer = open.tls[host];
        if (answer === undefined) done(new Error('no challenge'));
        else done(null, createSecureContext({ cert: answer.certificate, key: answer.key }));
      },
    }).listen(0, '127.0.0.1');
    await Promise.all([once(http, 'listening'), once(tls, 'listening')]);
    const [httpPort, tlsPort] = [http, tls].map((server) => (server.address() as AddressInfo).port);
    const ports = { httpPort: httpPort ?? 0, tlsPort: tlsPort ?? 0 };
    pebble = await Pebble.start({ ...ports, badNonces: 30, externalAccounts: EAB });
  });

  afterAll(async () => {
    await pebble.close();
    http.close();
    tls.close();
  });

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'inband-acme-'));
    clock = new ShiftedClock();
    published = [];
    isSilent = false;
    ask = undiciAsk({ ca: pebble.ca, userAgent: 'inband/test' });
  });

  afterEach(async () => {
    await keeper?.close();
    await ask.close();
    await rm(folder, { recursive: true });
  });

  async function start(challenge: 'http-01' | 'tls-alpn-01', options: Partial<KeeperOptions> = {}): Promise<Keeper> {
    const { directory } = pebble;
    const all = {
      directory,
      email: 'ops@example.com',
      externalAccount: { kid: 'kid-1', hmacKey: EAB['kid-1'] },
      certificates: [],
      ...options,
    };
    keeper = await Keeper.open(all, {
      state: await StateFolder.open(folder, directory, log),
      ask: ask.ask,
      solver: new Board(challenge, async (now) => void (open = now), clock),
      clock,
      log,
      random: () => 0,
      publish: (certificates) => void (published = certificates),
    });
    keeper.begin();
    return keeper;
  }

  test.each(['http-01', 'tls-alpn-01'] as const)(
    'certificates of one and of two hosts come by %s, though nonces are refused',
    async (challenge) => {
      await start(challenge, { certificates: [['one.example'], ['two.example', 'www.two.example']] });
      await vi.waitFor(() => expect(published).toHaveLength(2), PATIENCE);
      const hosts = published.map((certificate) => certificate.hosts.toSorted().join(' ')).toSorted();
      expect(hosts).toEqual(['one.example', 'two.example www.two.example']);
      expect(published.every(({ renewalId }) => renewalId !== undefined)).toBe(true);
    },
  );

  test('a certificate is renewed when its time has come', async () => {
    const kept = await start('http-01', { certificates: [['one.example']] });
    await vi.waitFor(() => expect(published).toHaveLength(1), PATIENCE);
    const [{ sha256, notAfter } = { sha256: '', notAfter: 0 }] = published;
    expect(kept.status[0]?.next).toBeLessThan(notAfter);
    clock.shift((kept.status[0]?.next ?? 0) - clock.now() + DAY);
    await vi.waitFor(() => expect(published[0]?.sha256).not.toBe(sha256), PATIENCE);
  });

  test('a host that does not show the answer has no certificate, and the reason of the CA', async () => {
    isSilent = true;
    const kept = await start('http-01', { certificates: [['one.example']] });
    await vi.waitFor(
      () => expect(kept.status[0]?.error).toMatch(/^The CA could not validate one\.example by http-01: .*404/u),
      PATIENCE,
    );
    expect((kept.status[0]?.next ?? 0) - clock.now()).toBeGreaterThan(3_500_000);
  });

  test('a handshake for an allowed host waits for its certificate', async () => {
    const kept = await start('tls-alpn-01', { onDemand: { allow: ['*.shops.example'], perHour: 5 } });
    expect((await kept.demand('a.shops.example'))?.hosts).toEqual(['a.shops.example']);
  });
});
