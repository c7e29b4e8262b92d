import { mkdtemp, rm } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { receiveDatagrams } from '../../../../test-support/datagram-receiver.ts';
import { connectUnixDatagrams, type UnixDatagrams } from './unix-datagrams.ts';

const { EAGAIN, EBADF, ECONNREFUSED, EMSGSIZE, ENAMETOOLONG, ENOENT } = constants.errno;

describe.skipIf(process.platform !== 'linux')('datagrams to a Unix socket', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'inband-datagrams-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  function receiver(path: string) {
    const receiving = receiveDatagrams(path);
    let isOpen = true;
    const closeOnce = (): void => {
      if (isOpen) receiving.close();
      isOpen = false;
    };
    onTestFinished(async () => {
      closeOnce();
      if (!path.startsWith('\0')) await rm(path, { force: true });
    });
    return { receive: () => receiving.receive(), close: closeOnce };
  }

  function connected(path: string): UnixDatagrams {
    const datagrams = connectUnixDatagrams(path);
    if (typeof datagrams === 'number') throw new Error(`errno ${-datagrams}`);
    onTestFinished(() => datagrams.close());
    return datagrams;
  }

  test.each(['path', 'abstract'])('arrive one by one: %s', (kind) => {
    const path = kind === 'path' ? join(folder, 'one') : `\0${folder}`;
    const receiving = receiver(path);
    const datagrams = connected(path);
    expect([datagrams.send(Buffer.from('one')), datagrams.send(Buffer.from('two'))]).toEqual([0, 0]);
    expect([receiving.receive(), receiving.receive(), receiving.receive()]).toEqual(['one', 'two', undefined]);
  });

  test('are not taken while the queue of the receiver is full, and nothing waits for that', () => {
    const path = join(folder, 'full');
    const receiving = receiver(path);
    const datagrams = connected(path);
    let sent = 0;
    while (datagrams.send(Buffer.from('x')) === 0) sent += 1;
    expect(datagrams.send(Buffer.from('x'))).toBe(-EAGAIN);
    for (let left = sent; left > 0; left -= 1) expect(receiving.receive()).toBe('x');
    expect(datagrams.send(Buffer.from('y'))).toBe(0);
    expect(receiving.receive()).toBe('y');
  });

  test('that are too long are refused', () => {
    const path = join(folder, 'long');
    receiver(path);
    expect(connected(path).send(Buffer.alloc(16 * 1024 * 1024))).toBe(-EMSGSIZE);
  });

  test('have nobody who takes them when the receiver is gone, or never was there', () => {
    const path = join(folder, 'gone');
    const receiving = receiver(path);
    const datagrams = connected(path);
    receiving.close();
    expect(datagrams.send(Buffer.from('x'))).toBe(-ECONNREFUSED);
    datagrams.close();
    datagrams.close();
    expect(datagrams.send(Buffer.from('x'))).toBe(-EBADF);
    expect(connectUnixDatagrams(join(folder, 'missing'))).toBe(-ENOENT);
    expect(connectUnixDatagrams(join(folder, 'x'.repeat(200)))).toBe(-ENAMETOOLONG);
  });
});
