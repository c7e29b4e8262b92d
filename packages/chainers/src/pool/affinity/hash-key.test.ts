import { type RequestView, type SockAddr, sessionWriter } from '@inband/core';
import { describe, expect, test } from 'vitest';
import { fakeSession } from '../../../../../test/chainers/fake-establisher.ts';
import { hashText } from '../balance/hash32.ts';
import { HASHED_PART, hashBy, type HashedPart } from './hash-key.ts';

/** What a request with this head shows. */
function viewOf(target: string, fields: readonly (readonly [name: string, value: string])[] = []): RequestView {
  const [path = '', query] = target.split('?', 2);
  const named = (name: string): readonly string[] => fields.filter(([own]) => own === name).map(([, value]) => value);
  return { path, query, field: (name) => named(name)[0], fields: named };
}

const CLIENT = '192.0.2.7';

function hash(part: HashedPart, request?: RequestView): number {
  const address: SockAddr = { family: 'inet', address: CLIENT, port: Math.floor(Math.random() * 60_000) };
  const session = fakeSession(undefined, address);
  sessionWriter.setTarget(session, { host: 'Shop.Example', port: 80 });
  sessionWriter.setRequest(session, request);
  return hashBy(part)(session);
}

describe('a hash is made of', () => {
  test('the address of the client, whatever its port is', () => expect(hash('client')).toBe(hashText(CLIENT)));
  test('the host, whatever its case is', () => expect(hash('host')).toBe(hashText('shop.example')));
  test('the path without the query', () => expect(hash('path', viewOf('/a/b?c'))).toBe(hashText('/a/b')));

  test('the first field of that name', () => {
    const view = viewOf('/', [
      ['x-user', 'ann'],
      ['x-user', 'bob'],
    ]);
    expect(hash('header.X-User', view)).toBe(hashText('ann'));
  });

  test('the first cookie of that name', () => {
    const view = viewOf('/', [
      ['cookie', 'xid=1; id2=2;a=id=3'],
      ['cookie', 'b=4;id= five ; id=6'],
    ]);
    expect(hash('cookie.id', view)).toBe(hashText('five'));
  });

  test('the first parameter of that name', () => {
    expect(hash('query.id', viewOf('/?xid=1&id2=2&a=id=3&id=f%69ve&id=6'))).toBe(hashText('f%69ve'));
  });
});

test.each<[HashedPart, RequestView | undefined]>([
  ['path', undefined],
  ['path', viewOf('')],
  ['header.x-user', undefined],
  ['header.x-user', viewOf('/')],
  ['header.x-user', viewOf('/', [['x-user', '']])],
  ['cookie.id', undefined],
  ['cookie.id', viewOf('/', [['cookie', 'id=; other=1']])],
  ['query.id', undefined],
  ['query.id', viewOf('/')],
  ['query.id', viewOf('/?id')],
  ['query.id', viewOf('/?id=')],
])('a session without %s counts by its client', (part, view) => {
  expect(hash(part, view)).toBe(hashText(CLIENT));
});

test.each([
  'client',
  'host',
  'path',
  'header.x-user',
  'header.X-User',
  'cookie.session_id',
  'query.user',
  'query.user%5Bid%5D',
  'query.a.b',
])('%s can be hashed', (part) => expect(part).toMatch(HASHED_PART));

test.each([
  '',
  'user',
  'header',
  'header.',
  'header.x user',
  'header.x:y',
  'cookie.a=b',
  'query.a&b',
  'query.',
  'Client',
])('%j cannot be hashed', (part) => expect(part).not.toMatch(HASHED_PART));
