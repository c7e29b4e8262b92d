import type { PluginUse } from '../plugins/plugin-uses.ts';
import { type ConfigPath, formatPath, isRecord, type Problem, valueAt } from '../problem/problem.ts';
import { records } from '../problem/written.ts';

/** Chainers that connect to what the client asked for. */
const CLIENTS_CHOICE: readonly unknown[] = [undefined, 'inband'];

/** Chainers that find their parents while clients are served. */
const FINDS_PARENTS: readonly string[] = ['pac', 'environment'];

/** What cannot be kept of the rules and settings of services whose connections go through parent proxies. */
export function checkParents(config: unknown, uses: readonly PluginUse[]): Problem[] {
  const byName = uses.filter(
    ({ provides, type, options }) =>
      provides === 'chainer' &&
      options.resolve !== 'local' &&
      (FINDS_PARENTS.includes(type) || (type === 'parent' && CLIENTS_CHOICE.includes(typeOf(config, options.then)))),
  );
  const rulesOf = serverRules(config);
  const routes = new Map<string | number, Set<string>>();
  for (const route of byName.flatMap((parent) => parent.routes)) {
    const [, service = ''] = route;
    const known = routes.get(service) ?? new Set();
    routes.set(service, known.add(formatPath(route.slice(2, 4))));
  }
  return [
    ...uses.flatMap(({ provides, type }, index) =>
      provides === 'chainer' && type === 'parent' ? checkCarried(uses, index) : [],
    ),
    ...byName.flatMap((parent) => parent.routes.flatMap(([, service = '']) => checkOpen(parent, rulesOf(service)))),
    ...[...routes].flatMap(([service, known]) => checkRules(rulesOf(service), [...known])),
  ];
}

/** `then`: left out, a mapping, or a name. */
function typeOf(config: unknown, then: unknown): unknown {
  const chainer = typeof then === 'string' ? valueAt(config, ['chainers', then]) : then;
  return isRecord(chainer) ? chainer.type : undefined;
}

/** Settings of chainers whose connections are the parent's. They follow it in the list, because a chainer stands in front of what is nested in it. */
function checkCarried(uses: readonly PluginUse[], parent: number): Problem[] {
  const message = 'a connection through a parent proxy comes from an address of that proxy.';
  const around = uses[parent]!.path;
  const then = [...around, 'then'];
  const problems: Problem[] = [];
  for (let index = parent + 1; index < uses.length && isBelow(uses[index]!.path, around); index += 1) {
    const { path, options } = uses[index]!;
    if (!isBelow(path, then)) continue;
    if (options.local !== undefined) problems.push({ path: [...path, 'local'], message });
    if (options.forgeAddr === true) problems.push({ path: [...path, 'forgeAddr'], message });
  }
  return problems;
}

/** What the access rules of a service say of servers. */
interface ServerRules {
  /** Whether one lets names through. */
  readonly isOpen: boolean;
  /** Where rules name addresses of servers. */
  readonly places: readonly ConfigPath[];
}

/** Reads the rules of each service once, because many routes may lead to parents. */
function serverRules(config: unknown): (service: string | number) => ServerRules {
  const known = new Map<string | number, ServerRules>();
  return (service) => {
    let rules = known.get(service);
    if (rules === undefined) known.set(service, (rules = readRules(config, ['services', service, 'access'])));
    return rules;
  };
}

function readRules(config: unknown, path: ConfigPath): ServerRules {
  const rules = records(valueAt(config, path));
  const isOpen = rules.some(([, { allow }]) => isRecord(allow) && 'hosts' in allow && !('servers' in allow));
  const places = rules.flatMap(([index, rule]) =>
    (['allow', 'deny'] as const)
      .filter((action) => isRecord(rule[action]) && 'servers' in rule[action])
      .map((action) => [...path, index, action, 'servers']),
  );
  return { isOpen, places };
}

/** Warns where no name gets through a parent that resolves names. */
function checkOpen({ path, type }: PluginUse, { isOpen }: ServerRules): Problem[] {
  const message =
    'no name gets through a parent: that resolves names, so only an "allow" rule with "hosts" can let them through ' +
    `(["*"] for every host)${type === 'environment' ? '' : ', or "resolve: local" here'}.`;
  return isOpen ? [] : [{ path, warning: true, message }];
}

/** Rules about addresses, of a service with such routes, where parents resolve names. One warning for each, because there may be many of both. */
function checkRules({ places }: ServerRules, routes: readonly string[]): Problem[] {
  const others = routes.length - 1;
  const more = others === 0 ? '' : others === 1 ? ' and another route' : ` and ${others} other routes`;
  const message = `this is not kept for names that go by ${routes[0]}${more}, whose parent resolves them: their addresses are not known here.`;
  return places.map((path) => ({ path, at: 'key', warning: true, message }));
}

function isBelow(path: ConfigPath, above: ConfigPath): boolean {
  return path.length >= above.length && above.every((part, index) => path[index] === part);
}
