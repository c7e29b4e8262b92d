import type { Resolution } from '@inband/core';
import { expect, test } from 'vitest';
import { attemptOrder, MAX_ATTEMPTS, withFirst } from './address-order.ts';

function resolution(...addresses: string[]): Resolution {
  return { addresses: addresses.map((address) => ({ family: address.includes(':') ? 'inet6' : 'inet', address })) };
}

function texts(...parameters: Parameters<typeof attemptOrder>): string[] {
  return attemptOrder(...parameters).map((addr) => addr.address);
}

test('families take turns, beginning with the one that the resolver put first', () => {
  expect(texts(resolution('::1', '::2', '::3', '127.0.0.1', '127.0.0.2'), 80)).toEqual([
    '::1',
    '127.0.0.1',
    '::2',
    '127.0.0.2',
    '::3',
  ]);
  expect(texts(resolution('127.0.0.1', '::1'), 80)).toEqual(['127.0.0.1', '::1']);
});

test('an IPv4-mapped address is the IPv4 address, and counts once', () => {
  expect(attemptOrder(resolution('::ffff:127.0.0.1', '127.0.0.1'), 80)).toEqual([
    { family: 'inet', address: '127.0.0.1', port: 80 },
  ]);
});

test('what is not an address is left out', () => expect(texts(resolution('fe80::1%lo', '::1'), 80)).toEqual(['::1']));

test('with a family, only that one', () => {
  expect(texts(resolution('::1', '127.0.0.1'), 80, 'inet')).toEqual(['127.0.0.1']);
});

test('a name with hundreds of addresses is tried at a few of them', () => {
  const many = Array.from({ length: 200 }, (_, index) => `127.0.1.${index}`);
  expect(texts(resolution(...many, '::1'), 80)).toHaveLength(MAX_ATTEMPTS);
  expect(texts(resolution(...many, '::1'), 80)).toContain('::1');
});

test('withFirst moves one to the front and keeps the objects', () => {
  const remotes = attemptOrder(resolution('127.0.0.1', '127.0.0.2', '127.0.0.3'), 80);
  const moved = withFirst(remotes, { ...remotes[1]! });
  expect(moved).toEqual([remotes[1], remotes[0], remotes[2]]);
  expect(moved[0]).toBe(remotes[1]);
  expect(withFirst(remotes, remotes[0]!)).toBe(remotes);
  expect(withFirst(remotes, { family: 'inet', address: '127.0.0.9', port: 80 })).toBe(remotes);
});
