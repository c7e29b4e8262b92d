import { describe, expect, test } from 'vitest';
import { PolicyConfigurationError } from '../base/configuration-error.ts';
import {
  compileRequestCondition,
  type LookedAtRequest,
  type RequestConditions,
  type Strictness,
} from './request-condition.ts';

const keys = { paths: 'paths', fields: 'fields', query: 'query', cookies: 'cookies' };

function isMet(conditions: RequestConditions, strictness: Strictness, asked: LookedAtRequest): boolean | undefined {
  return compileRequestCondition('access', [0], conditions, { keys, strictness })?.isMetBy(asked);
}

/** A request for a target with fields, `name: value` each. */
function request(target: string | undefined, ...lines: string[]): LookedAtRequest {
  const fields = lines.map((line) => line.split(': ', 2));
  const dashed = (name = ''): string => name.replaceAll('_', '-');
  return {
    target,
    valuesOf: (name) => fields.flatMap(([field, value = '']) => (field === name ? [value] : [])),
    valuesLike: (name) => fields.flatMap(([field, value = '']) => (dashed(field) === dashed(name) ? [value] : [])),
  };
}

/** For allow rules and routes, and for deny rules. */
function both(conditions: RequestConditions, asked: LookedAtRequest): (boolean | undefined)[] {
  return [isMet(conditions, 'strict', asked), isMet(conditions, 'wide', asked)];
}

const MET = [true, true];
const NOT_MET = [false, false];
/** It depends on how it is read: nothing is allowed for it, and it is denied. */
const UNCLEAR = [false, true];

test('nothing is compiled where nothing is asked', () => {
  expect(isMet({}, 'wide', request('/'))).toBeUndefined();
});

describe('a path', () => {
  test.each<[readonly string[], string, readonly boolean[]]>([
    [['/a/'], '/a/b', MET],
    [['/a/'], '/a', NOT_MET],
    [['/x', '/a/'], '/a/b?c', MET],
    [['*.exe'], '/a/b.exe?c', MET],
    [['*.exe'], '/a/b?c.exe', NOT_MET],
    [['/admin/'], '/%61dmin/', MET],
    [['/admin/'], '/x/../admin/', MET],
    [['/admin/'], '/ADMIN/', UNCLEAR],
    [['/admin/'], '//admin/', UNCLEAR],
    [['/admin/'], '/a%2f..%2Fadmin%2F', UNCLEAR],
    [['/admin/'], '/admin;x=1/', UNCLEAR],
    [['/admin/'], '/x/..;/admin/', UNCLEAR],
    [['/admin/'], '/x\\..\\admin\\', UNCLEAR],
    [['/admin/'], '/%u002e%u002e/admin/', UNCLEAR],
    [['/admin/'], '/x/..%3B/admin/', UNCLEAR],
    [['/admin/'], '/%2561dmin/', UNCLEAR],
    [['/admin/'], '/x/%25%32e%252e/admin/', UNCLEAR],
    [['/100%25'], '/100%25', MET],
    [['/x'], '/x\\..\\admin\\', UNCLEAR],
    [['/admin/'], '/administration/', NOT_MET],
  ])('%j, where %s was asked for', (paths, target, expected) => {
    expect(both({ paths }, request(target))).toEqual(expected);
  });
});

describe('a field', () => {
  test.each<[RequestConditions['fields'], readonly string[], readonly boolean[]]>([
    [{ 'X-Debug': true }, ['x-debug: '], MET],
    [{ 'x-debug': true }, [], NOT_MET],
    [{ 'x-debug': false }, [], MET],
    [{ 'x-debug': false }, ['x-debug: 1'], NOT_MET],
    [{ 'user-agent': ['curl/*'] }, ['user-agent: curl/8'], MET],
    [{ 'user-agent': ['Wget*', 'curl/*'] }, ['user-agent: curl/8'], MET],
    [{ 'user-agent': ['curl'] }, ['user-agent: curl/8'], NOT_MET],
    [{ 'x-role': ['admin'] }, ['x-role: admin', 'x-role: admin'], MET],
    [{ 'x-role': ['admin'] }, ['x-role: user', 'x-role: admin'], UNCLEAR],
    [{ 'x-role': ['admin'] }, ['x-role: user, admin'], UNCLEAR],
    [{ 'x-role': ['user, admin'] }, ['x-role: user, admin'], MET],
    [{ 'x-role': ['user, admin'] }, ['x-role: user', 'x-role: admin'], UNCLEAR],
    [{ 'user-agent': ['Mozilla/*'] }, ['user-agent: Mozilla/5.0 (KHTML, like Gecko)'], MET],
    [{ 'x-role': ['admin'] }, ['x_role: admin'], UNCLEAR],
    [{ 'x-role': ['user'] }, ['x-role: user', 'x_role: admin'], UNCLEAR],
    [{ 'x-debug': false }, ['x_debug: 1'], UNCLEAR],
    [{ 'x-role': ['admin'], 'x-debug': true }, ['x-role: admin'], NOT_MET],
  ])('%j, where %j came', (fields, lines, expected) => {
    expect(both({ fields }, request('/', ...lines))).toEqual(expected);
  });
});

describe('a parameter of the query', () => {
  test.each<[RequestConditions['query'], string, readonly boolean[]]>([
    [{ debug: true }, '/?debug', MET],
    [{ debug: true }, '/?a=debug', NOT_MET],
    [{ debug: true }, '/debug=1', NOT_MET],
    [{ debug: false }, '/', MET],
    [{ debug: false }, '/?a&debug=', NOT_MET],
    [{ v: ['2'] }, '/?a=1&v=2', MET],
    [{ v: ['2'] }, '/?%76=%32', MET],
    [{ v: ['a b'] }, '/?v=a+b', MET],
    [{ ö: ['ü*'] }, '/?%C3%B6=%c3%bcx', MET],
    [{ v: ['2'] }, '/?v=1&v=2', UNCLEAR],
    [{ v: ['2'] }, '/?v=2;v=3', UNCLEAR],
    [{ v: ['2'] }, '/?a=1;v=2', UNCLEAR],
    [{ v: false }, '/?a=1;v=2', UNCLEAR],
    [{ v: ['%'] }, '/?v=%', MET],
    [{ v: ['2'] }, '/?v[]=2', UNCLEAR],
    [{ v: ['2'] }, '/?v%5B0%5D=2', UNCLEAR],
    [{ v: ['2'] }, '/?a=1;v[=2', UNCLEAR],
    [{ v: ['2'] }, '/?+v=2', UNCLEAR],
    [{ v: ['2'] }, '/?%20v%00x=2', UNCLEAR],
    [{ 'v[]': ['2'] }, '/?v[]=2', MET],
    [{ v: ['2'] }, '/?w[v]=2&v+=2', NOT_MET],
  ])('%j, where %s was asked for', (query, target, expected) => {
    expect(both({ query }, request(target))).toEqual(expected);
  });
});

describe('a cookie', () => {
  test.each<[RequestConditions['cookies'], readonly string[], readonly boolean[]]>([
    [{ session: true }, ['cookie: a=b; session=1'], MET],
    [{ session: true }, ['cookie: a=session'], NOT_MET],
    [{ session: true }, ['cookie: Session=1'], NOT_MET],
    [{ session: false }, [], MET],
    [{ beta: ['1'] }, ['cookie: a=b', 'cookie: beta="1"'], MET],
    [{ beta: ['1'] }, ['cookie: beta=0; beta=1'], UNCLEAR],
    [{ beta: ['1'] }, ['cookie: a="; beta=1; "'], UNCLEAR],
    [{ beta: ['1'] }, ['cookie: a="; beta=1'], MET],
    [{ beta: ['1'] }, ['cookie: a=0, beta=1'], UNCLEAR],
    [{ role: ['admin'] }, ['cookie: role=%61dmin'], UNCLEAR],
    [{ role: ['a%20b'] }, ['cookie: role=a%20b'], MET],
    [{ role: ['admin'] }, ['cookie: role="\\141d\\min"'], UNCLEAR],
    [{ role: ['a"b'] }, ['cookie: role="a\\"b"'], UNCLEAR],
    [{ role: ['admin'] }, ['cookie: role=\\141dmin'], NOT_MET],
    [{ beta: true }, ['cookie: a=%3B beta%3D1'], NOT_MET],
    [{ list: ['a,b'] }, ['cookie: list=a,b'], MET],
  ])('%j, where %j came', (cookies, lines, expected) => {
    expect(both({ cookies }, request('/', ...lines))).toEqual(expected);
  });
});

describe('what a tunnel hides may be what a deny rule is for, and is never what an allow rule is for', () => {
  test.each<RequestConditions>([
    { paths: ['/admin/'] },
    { query: { debug: true } },
    { query: { debug: false } },
    { cookies: { beta: ['1'] } },
    { cookies: { beta: false } },
  ])('%j is never sure in a tunnel', (conditions) => {
    expect(both(conditions, request(undefined, 'cookie: beta=0', 'user-agent: x'))).toEqual(UNCLEAR);
  });

  test('the fields of the CONNECT itself are no secret', () => {
    const conditions = { fields: { 'x-token': ['abc'] } };
    expect(both(conditions, request(undefined, 'x-token: abc'))).toEqual(MET);
    expect(both(conditions, request(undefined, 'x-token: abd'))).toEqual(NOT_MET);
    expect(both({ ...conditions, paths: ['/'] }, request(undefined, 'x-token: abd'))).toEqual(NOT_MET);
  });

  test('SOCKS has no fields', () => {
    const socks = { target: undefined, valuesOf: () => undefined, valuesLike: () => undefined };
    expect(both({ fields: { 'x-token': true } }, socks)).toEqual(UNCLEAR);
    expect(both({ fields: { 'x-token': false } }, socks)).toEqual(UNCLEAR);
  });
});

test.each<[RequestConditions, string, string]>([
  [{ paths: ['/a', 'b'] }, 'paths[1]', 'must begin with a slash'],
  [{ fields: { 'a b': true } }, 'fields.a b', 'is no name of a field'],
  [{ cookies: { 'a=b': true } }, 'cookies.a=b', 'is no name of a field or a cookie'],
  [{ query: {} }, 'query', 'leave it out'],
  [{ query: { a: [] } }, 'query.a', 'write true for any value'],
  [{ fields: { a: ['\\x'] } }, 'fields.a', 'write "\\\\"'],
])('%j is refused, at its place', (conditions, place, message) => {
  const compile = (): unknown => compileRequestCondition('access', [0], conditions, { keys, strictness: 'strict' });
  expect(compile).toThrow(PolicyConfigurationError);
  expect(compile).toThrow(
    expect.objectContaining({ setting: `access[0].${place}`, message: expect.stringContaining(message) }),
  );
});
