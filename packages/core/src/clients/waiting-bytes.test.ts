import type { ProxyError } from '../base/errors.ts';
import { describe, expect, test } from 'vitest';
import { type Holder, WaitingBytes } from './waiting-bytes.ts';

class Client implements Holder {
  error: ProxyError | undefined = undefined;

  giveUp(error: ProxyError): void {
    this.error = error;
  }
}

function clients(count: number): Client[] {
  return Array.from({ length: count }, () => new Client());
}

describe('bytes that wait', () => {
  test('of heads are within the limit: the oldest one is given up, with the setting', () => {
    const bytes = new WaitingBytes(64 * 1024);
    const all = clients(10);
    for (const client of all) bytes.holdHead(client, 15 * 1024);
    expect(all.map(({ error }) => error !== undefined)).toEqual([
      ...Array<boolean>(6).fill(true),
      ...Array<boolean>(4).fill(false),
    ]);
    expect(all[0]?.error).toMatchObject({ status: 503, setting: 'limits.partialHeads', retryAfter: 1 });
    expect(bytes.held).toBeLessThanOrEqual(64 * 1024);
  });

  test('a head that grows keeps its place in the row', () => {
    const bytes = new WaitingBytes(64 * 1024);
    const [first, second, third] = clients(3) as [Client, Client, Client];
    bytes.holdHead(first, 1024);
    bytes.holdHead(second, 30 * 1024);
    bytes.holdHead(first, 8 * 1024);
    bytes.holdHead(third, 30 * 1024);
    expect([first.error, second.error, third.error].map((error) => error !== undefined)).toEqual([true, false, false]);
  });

  test('are given back when a head is complete', () => {
    const bytes = new WaitingBytes(64 * 1024);
    for (const client of clients(100)) {
      bytes.holdHead(client, 30 * 1024);
      bytes.dropHead(client);
      expect(client.error).toBeUndefined();
    }
    expect(bytes.held).toBe(0);
  });

  test('of what was sent ahead are bounded, too: the largest is given up, not the part heads of others', () => {
    const bytes = new WaitingBytes(1024 * 1024);
    const [head, small, ...large] = clients(6) as [Client, Client, ...Client[]];
    bytes.holdHead(head, 1024);
    bytes.holdAhead(small, 3_000);
    for (const [index, client] of large.entries()) bytes.holdAhead(client, 256 * 1024 + index);
    expect(large.filter(({ error }) => error !== undefined)).toHaveLength(1);
    expect([head.error, small.error]).toEqual([undefined, undefined]);
    for (const client of [small, ...large]) bytes.dropAhead(client);
    bytes.dropHead(head);
    expect(bytes.held).toBe(0);
  });

  test('one that is larger than the limit alone is given up itself', () => {
    const bytes = new WaitingBytes(64 * 1024);
    const [client] = clients(1) as [Client];
    bytes.holdHead(client, 128 * 1024);
    expect(client.error).toBeDefined();
    expect(bytes.held).toBe(0);
  });
});
