import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { receiveDatagrams } from '../../../../../packages/core/test-support/datagram-receiver.ts';
import { sessionRecord } from '../../../test-support/session-record.ts';
import type { Config } from '../../config/schema/schema.ts';
import { parseReceiver } from '../../config/schema/process/syslog.ts';
import { ProgramLog } from '../program-log.ts';

/** Milliseconds; what is waited for comes at once on a machine that has nothing else to do. */
const WAIT = { timeout: 20_000 };

function logTo(address: string, more: Partial<Config['log']> = {}): ProgramLog {
  const receiver = parseReceiver(address);
  if (receiver === undefined) throw new Error(`no address: ${address}`);
  const syslog = { address: receiver, facility: 'local3', tag: 'proxy' } as const;
  const log: Config['log'] = { level: 'debug', access: true, format: 'json', syslog, ...more };
  const program = new ProgramLog({ log, baseDirectory: '/' });
  onTestFinished(() => program.close());
  return program;
}

/** A folder that is gone after the test. */
function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'inband-syslog-'));
  onTestFinished(() => rm(path, { recursive: true }));
  return path;
}

/** A receiver of TCP. It reads nothing before `resume`. */
async function tcpReceiver(port = 0, isReading = true) {
  const sockets: Socket[] = [];
  let received = '';
  const server: Server = createServer({ pauseOnConnect: !isReading }, (socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined).on('data', (bytes: Buffer) => (received += bytes.toString()));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const close = (): void => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  onTestFinished(close);
  return {
    port: (server.address() as AddressInfo).port,
    close,
    resume: () => {
      for (const socket of sockets) socket.resume();
    },
    /** Takes the messages apart by their lengths. */
    messages: () => {
      const found: string[] = [];
      let rest = Buffer.from(received);
      for (let at = rest.indexOf(' '); at > 0; at = rest.indexOf(' ')) {
        const length = Number(rest.toString('latin1', 0, at));
        if (!Number.isInteger(length)) throw new Error(`no length: ${rest.toString('latin1', 0, 40)}`);
        found.push(rest.toString('utf8', at + 1, at + 1 + length));
        rest = rest.subarray(at + 1 + length);
      }
      return found;
    },
  };
}

/** RFC 5424 section 6. */
const MESSAGE = /^<(\d+)>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) (\S+) (\S+) (\S+) (\S+) - (.*)$/;

describe('syslog over TCP', () => {
  test('has one message for each line, with its severity, after its length', async () => {
    const receiver = await tcpReceiver();
    const { logger, onSession } = logTo(`tcp://127.0.0.1:${receiver.port}`);
    logger.debug({}, 'one');
    logger.error({ text: 'zwei\nZeilen: äöü' }, 'two');
    onSession?.(sessionRecord());
    logger.warn({}, 'three');
    await vi.waitFor(() => expect(receiver.messages()).toHaveLength(4), WAIT);
    const parts = receiver.messages().map((message) => MESSAGE.exec(message)?.slice(1) ?? [message]);
    const local3 = 19 * 8;
    const common = [hostname(), 'proxy', String(process.pid)];
    expect(parts.map(([priority]) => Number(priority))).toEqual([local3 + 7, local3 + 3, local3 + 6, local3 + 4]);
    expect(parts.map(([, , ...rest]) => rest.slice(0, 4))).toEqual([
      [...common, 'message'],
      [...common, 'message'],
      [...common, 'access'],
      [...common, 'message'],
    ]);
    const lines = parts.map((part) => JSON.parse(part[6] ?? '') as Record<string, unknown>);
    expect(lines).toMatchObject([{ msg: 'one' }, { text: 'zwei\nZeilen: äöü' }, { msg: 'request' }, { msg: 'three' }]);
  });

  test('has messages beside the access lines of a format that has no room for them', async () => {
    const receiver = await tcpReceiver();
    const { logger, onSession } = logTo(`tcp://127.0.0.1:${receiver.port}`, { format: 'common' });
    onSession?.(sessionRecord());
    logger.info({}, 'a message');
    await vi.waitFor(() => expect(receiver.messages()).toHaveLength(2), WAIT);
    expect(receiver.messages().map((message) => MESSAGE.exec(message)?.[6])).toEqual(
      expect.arrayContaining(['access', 'message']),
    );
  });

  test('keeps lines for a receiver that is not there yet, and connects again after each that went away', async () => {
    const first = await tcpReceiver();
    const { port } = first;
    first.close();
    const { logger } = logTo(`tcp://127.0.0.1:${port}`);
    logger.info({}, 'before');
    const second = await tcpReceiver(port);
    await vi.waitFor(() => expect(second.messages()).toHaveLength(1), WAIT);
    second.close();
    const third = await tcpReceiver(port);
    // What is written into a connection that is just ending is lost.
    await vi.waitFor(() => {
      logger.info({}, 'after');
      expect(third.messages().length).toBeGreaterThan(0);
    }, WAIT);
  });

  test('never waits for a receiver that takes nothing: lines are dropped, and it is told how many', async () => {
    const receiver = await tcpReceiver(0, false);
    const { logger } = logTo(`tcp://127.0.0.1:${receiver.port}`);
    const text = 'x'.repeat(50_000);
    const begun = performance.now();
    for (let count = 0; count < 1_000; count += 1) logger.info({ text }, 'much');
    expect(performance.now() - begun).toBeLessThan(WAIT.timeout);
    await vi.waitFor(() => {
      receiver.resume();
      expect(receiver.messages().at(-1)).toContain('lines of the log were dropped');
    }, WAIT);
    const messages = receiver.messages();
    const { lines } = JSON.parse(MESSAGE.exec(messages.at(-1) ?? '')?.[7] ?? '') as { lines: number };
    expect(messages.length - 1 + lines).toBe(1_000);
    expect(lines).toBeGreaterThan(0);
  });
});

describe('syslog over UDP', () => {
  test('has one datagram for each line, and cuts what does not fit into one', async () => {
    const socket = createSocket('udp4');
    const received: string[] = [];
    socket.on('message', (bytes) => received.push(bytes.toString()));
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    onTestFinished(() => void socket.close());
    const { logger } = logTo(`udp://127.0.0.1:${socket.address().port}`);
    logger.info({}, 'one');
    logger.info({ text: 'ä'.repeat(50_000) }, 'two');
    await vi.waitFor(() => expect(received).toHaveLength(2), WAIT);
    expect(received[0]).toMatch(MESSAGE);
    expect(Buffer.byteLength(received[1] ?? '')).toBeGreaterThan(64_990);
    expect(received[1]).toMatch(/ää$/);
  });

  test('goes on where nobody listens', async () => {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const { port } = socket.address();
    socket.close();
    const program = logTo(`udp://127.0.0.1:${port}`);
    for (let count = 0; count < 20; count += 1) program.logger.info({}, 'unheard');
    await program.flush();
  });
});

describe.skipIf(process.platform !== 'linux')('syslog at a socket of this machine', () => {
  const receiverAt = (path: string) => {
    const receiver = receiveDatagrams(path);
    let isOpen = true;
    const close = (): void => {
      if (isOpen) receiver.close();
      isOpen = false;
    };
    onTestFinished(close);
    return { ...receiver, close };
  };

  test('has the header of syslog(3)', async () => {
    const path = join(folder(), 'log');
    const receiver = receiverAt(path);
    logTo(`unix:${path}`).logger.warn({}, 'hello');
    const message = await vi.waitFor(() => receiver.receive() ?? Promise.reject(new Error('nothing yet')), WAIT);
    const header = new RegExp(
      `^<${19 * 8 + 4}>[A-Z][a-z]{2} [ \\d]\\d \\d\\d:\\d\\d:\\d\\d proxy\\[${process.pid}\\]: (.*)$`,
    );
    expect(JSON.parse(header.exec(message)?.[1] ?? '')).toMatchObject({ level: 'warn', msg: 'hello' });
  });

  test('arrives line by line through a short queue, when the receiver comes late and when it is started anew', async () => {
    const path = join(folder(), 'log');
    const { logger } = logTo(`unix:${path}`);
    logger.info({ number: 0 }, 'early');
    const receiver = receiverAt(path);
    for (let number = 1; number < 2_000; number += 1) logger.info({ number }, 'more');
    const numbers: number[] = [];
    const take = (from: { receive(): string | undefined }): void => {
      for (let message = from.receive(); message !== undefined; message = from.receive())
        numbers.push(Number(/"number":(\d+)/.exec(message)?.[1]));
    };
    await vi.waitFor(
      () => {
        take(receiver);
        expect(numbers).toHaveLength(2_000);
      },
      { ...WAIT, interval: 5 },
    );
    receiver.close();
    await rm(path);
    const next = receiverAt(path);
    logger.info({ number: 2_000 }, 'again');
    await vi.waitFor(() => {
      take(next);
      expect(numbers).toHaveLength(2_001);
    }, WAIT);
    expect(numbers).toEqual(Array.from({ length: 2_001 }, (_, number) => number));
  });
});
