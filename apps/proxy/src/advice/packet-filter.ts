import { isRecord } from '../config/problem/problem.ts';

export type IpVersion = 4 | 6;

interface Rule {
  /** `ip`, `ip6` or `inet`. */
  readonly family: unknown;
  /** Its matches and statements, in order. */
  readonly statements: readonly Record<string, unknown>[];
}

/** The rules of nftables, as far as they concern ports. */
export class PacketFilter {
  readonly #rules: readonly Rule[];
  /** Families with an input chain that drops what no rule accepts. */
  readonly #closed: readonly unknown[];

  private constructor(rules: readonly Rule[], closed: readonly unknown[]) {
    this.#rules = rules;
    this.#closed = closed;
  }

  /** Parses the output of `nft -j list ruleset`. Undefined if that leaves rules out (xt). */
  static read(ruleset: unknown): PacketFilter | undefined {
    const items = isRecord(ruleset) && Array.isArray(ruleset.nftables) ? (ruleset.nftables as unknown[]) : undefined;
    if (items === undefined) return undefined;
    const objects = items.filter(isRecord);
    const rules = objects.flatMap(({ rule }): Rule[] => {
      if (!isRecord(rule) || !Array.isArray(rule.expr)) return [];
      return [{ family: rule.family, statements: (rule.expr as unknown[]).filter(isRecord) }];
    });
    if (rules.some(({ statements }) => statements.some((statement) => 'xt' in statement))) return undefined;
    const closed = objects.flatMap(({ chain }) =>
      isRecord(chain) && chain.hook === 'input' && chain.policy === 'drop' ? [chain.family] : [],
    );
    return new PacketFilter(rules, closed);
  }

  /** Whether a rule redirects connections to this port; `how` names the statements that do. */
  leadsTo(port: number, version: IpVersion, how: readonly string[]): boolean {
    return this.#of(version).some(({ statements }) =>
      statements.some((statement) =>
        how.some((name) => {
          if (!(name in statement)) return false;
          const target = statement[name];
          // Without a port, or with a port from a map, it may be this one.
          const said = isRecord(target) ? target.port : undefined;
          return typeof said !== 'number' || said === port;
        }),
      ),
    );
  }

  /** Whether a rule drops connections to this port, or may do so. */
  protects(port: number, version: IpVersion): boolean {
    if (this.#closed.some((family) => isFor(family, version))) return true;
    return this.#of(version).some(
      ({ statements }) =>
        statements.some((statement) => ['drop', 'reject', 'jump', 'goto'].some((verdict) => verdict in statement)) &&
        statements.some(({ match }) => isRecord(match) && isPort(match.left) && holds(match.right, port)),
    );
  }

  #of(version: IpVersion): readonly Rule[] {
    return this.#rules.filter(({ family }) => isFor(family, version));
  }
}

function isFor(family: unknown, version: IpVersion): boolean {
  return family === 'inet' || family === (version === 4 ? 'ip' : 'ip6');
}

/** `tcp dport`, `th dport`, `ct original proto-dst`. */
function isPort(left: unknown): boolean {
  if (!isRecord(left)) return false;
  if (isRecord(left.payload)) return left.payload.field === 'dport';
  return isRecord(left.ct) && left.ct.key === 'proto-dst';
}

/** Whether `port` is, or may be, in the right side of a match: a number, a range, a set, or the name of a set. */
function holds(right: unknown, port: number): boolean {
  if (typeof right === 'number') return right === port;
  if (typeof right === 'string') return right.startsWith('@');
  if (!isRecord(right)) return false;
  const { range, set } = right;
  if (Array.isArray(range)) return Number(range[0]) <= port && port <= Number(range[1]);
  return Array.isArray(set) && (set as unknown[]).some((item) => holds(item, port));
}
