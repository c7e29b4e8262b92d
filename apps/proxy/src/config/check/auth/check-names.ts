import { Names } from '../../problem/names.ts';
import { type ConfigPath, isRecord, type Problem } from '../../problem/problem.ts';
import { records } from '../../problem/written.ts';

type Written = Record<string, unknown>;

/** Where the configuration itself names the users of a way to authenticate, unless a file does. */
const USERS: Readonly<Record<string, string>> = { basic: 'users', digest: 'users', token: 'tokens' };
/** Ways whose groups are all in the configuration. */
const WITH_GROUPS = new Set([...Object.keys(USERS), 'certificate', 'address']);

/**
 * Warns about names of users and groups that nobody has: members of groups, and conditions of rules. Says nothing where files, tokens or other
 * services may bring names. `path` is the place of the service. `asksForCertificates`: identities of certificates are users, too.
 */
export function checkNames(path: ConfigPath, service: Written, asksForCertificates: boolean): Problem[] {
  const { auth } = service;
  if (auth === undefined) return [];
  const ways: (readonly [ConfigPath, unknown])[] = Array.isArray(auth)
    ? auth.map((way: unknown, index) => [[...path, 'auth', index], way] as const)
    : [[[...path, 'auth'], auth]];
  const written = ways.map(([, way]) => way);
  const groups = allOf(written.map(groupsOf));
  const users = asksForCertificates ? undefined : allOf(written.map(usersOf));
  return [
    ...ways.flatMap(([at, way]) => checkMembers(at, way)),
    ...[...rulesIn(path, service, 'access'), ...rulesIn(path, service, 'nat')].flatMap(([at, rule]) => [
      ...checkKnown([...at, 'groups'], rule.groups, 'group', groups),
      ...checkKnown([...at, 'users'], rule.users, 'user', users),
    ]),
  ];
}

function checkMembers(path: ConfigPath, way: unknown): Problem[] {
  const users = usersOf(way);
  if (users === undefined || !isRecord(way) || !isRecord(way.groups)) return [];
  const known = new Names(users);
  return Object.entries(way.groups).flatMap(([group, members]) =>
    checkKnown([...path, 'groups', group], members, 'user', known),
  );
}

function checkKnown(path: ConfigPath, written: unknown, what: string, known: Names | undefined): Problem[] {
  if (known === undefined) return [];
  const names: readonly unknown[] = Array.isArray(written) ? written : [];
  return names.flatMap((name, index) => {
    if (typeof name !== 'string' || known.has(name)) return [];
    return [{ path: [...path, index], warning: true, message: known.unknown(what, name) }];
  });
}

function rulesIn(path: ConfigPath, service: Written, key: 'access' | 'nat'): (readonly [ConfigPath, Written])[] {
  return records(service[key]).flatMap(([index, rule]) =>
    Object.entries(rule).flatMap(([action, conditions]) =>
      isRecord(conditions) ? [[[...path, key, index, action], conditions] as const] : [],
    ),
  );
}

/** The users that the configuration names. Undefined where others may name some. */
function usersOf(way: unknown): readonly string[] | undefined {
  const key = isRecord(way) && typeof way.type === 'string' ? USERS[way.type] : undefined;
  if (key === undefined || !isRecord(way) || 'file' in way || !isRecord(way[key])) return undefined;
  return Object.keys(way[key]);
}

/** The groups that the configuration names. Undefined where others may name some. */
function groupsOf(way: unknown): readonly string[] | undefined {
  if (!isRecord(way) || typeof way.type !== 'string' || !WITH_GROUPS.has(way.type)) return undefined;
  return isRecord(way.groups) ? Object.keys(way.groups) : [];
}

function allOf(lists: readonly (readonly string[] | undefined)[]): Names | undefined {
  return lists.every((list) => list !== undefined) ? new Names(lists.flat()) : undefined;
}
