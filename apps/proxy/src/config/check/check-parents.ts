import type { PluginUse } from '../plugins/plugin-uses.ts';
import { type ConfigPath, formatPath, isRecord, type Problem, valueAt } from '../problem/problem.ts';
import { records } from '../problem/written.ts';

/** Chainers that connect to what the client asked for. */
const CLIENTS_CHOICE: readonly unknown[] = [undefined, 'inband'];

/** Chainers that find their parents while clients are served. */
const FINDS_PARENTS: readonly string[] = ['pac', 'environment'];

/** What cannot be kept of the rules and settings of services whose connections go through parent proxies. */
export function checkParents(config: unknown, uses: readonly PluginUse[]): Problem[] {
  const parents = uses.filter(({ provides, type }) => provides === 'chainer' && type === 'parent');
  const byName = uses.filter(
    ({ provides, type, options }) =>
      provides === 'chainer' &&
      options.resolve !== 'local' &&
      (FINDS_PARENTS.includes(type) || (type === 'parent' && CLIENTS_CHOICE.includes(typeOf(config, options.then)))),
  );
  return [
    ...parents.flatMap((parent) => checkCarried(parent, uses)),
    ...byName.flatMap((parent) => parent.routes.flatMap((route) => checkRules(config, parent, route))),
  ];
}

/** `then`: left out, a mapping, or a name. */
function typeOf(config: unknown, then: unknown): unknown {
  const chainer = typeof then === 'string' ? valueAt(config, ['chainers', then]) : then;
  return isRecord(chainer) ? chainer.type : undefined;
}

/** Settings of chainers whose connections are the parent's. */
function checkCarried(parent: PluginUse, uses: readonly PluginUse[]): Problem[] {
  const message = 'a connection through a parent proxy comes from an address of that proxy.';
  const carried = uses.filter(({ path }) => isBelow(path, [...parent.path, 'then']));
  return carried.flatMap(({ path, options }) => [
    ...(options.local === undefined ? [] : [{ path: [...path, 'local'], message }]),
    ...(options.forgeAddr === true ? [{ path: [...path, 'forgeAddr'], message }] : []),
  ]);
}

/** Rules about addresses, where the parent resolves names. */
function checkRules(config: unknown, { path, type }: PluginUse, at: ConfigPath): Problem[] {
  const access = [...at.slice(0, 2), 'access'];
  const rules = records(valueAt(config, access));
  const route = formatPath(at.slice(2, 4));
  const isOpen = rules.some(([, { allow }]) => isRecord(allow) && 'hosts' in allow && !('servers' in allow));
  const problems: Problem[] = isOpen
    ? []
    : [
        {
          path,
          warning: true,
          message:
            'no name gets through a parent: that resolves names, so only an "allow" rule with "hosts" can let them through ' +
            `(["*"] for every host)${type === 'environment' ? '' : ', or "resolve: local" here'}.`,
        },
      ];
  for (const [index, rule] of rules) {
    for (const action of ['allow', 'deny'] as const) {
      if (!isRecord(rule[action]) || !('servers' in rule[action])) continue;
      const message = `this is not kept for names that go by ${route}, whose parent resolves them: their addresses are not known here.`;
      problems.push({ path: [...access, index, action, 'servers'], at: 'key', warning: true, message });
    }
  }
  return problems;
}

function isBelow(path: ConfigPath, above: ConfigPath): boolean {
  return path.length >= above.length && above.every((part, index) => path[index] === part);
}
