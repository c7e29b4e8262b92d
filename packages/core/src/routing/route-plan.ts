/** The part of a rule that a {@link RoutePlan} needs. */
interface Planned {
  /** Its index in the configuration: the first rule that matches is taken. */
  readonly order: number;
  /** Prefixes of the path, one of which it must have. Undefined for any path, and for none. */
  readonly paths: readonly string[] | undefined;
}

interface Node<Rule> {
  /** By the code of the next character. */
  next: Map<number, Node<Rule>> | undefined;
  /** The rules whose prefix ends here, in order. */
  readonly rules: Rule[];
}

/**
 * Finds the first rule whose prefix a path has. It is a trie of the prefixes, so that a look-up takes at most one step per
 * character, however many prefixes there are.
 */
export class RoutePlan<Rule extends Planned> {
  readonly #root: Node<Rule> = { next: undefined, rules: [] };

  /** `rules` are in order. One without a path matches every request. */
  constructor(rules: readonly Rule[]) {
    for (const rule of rules) {
      for (const path of new Set(rule.paths ?? [''])) this.#nodeOf(path).rules.push(rule);
    }
  }

  /** The first rule whose prefix the path has and that `meets` accepts. Without a path: only rules without one. */
  first(path: string | undefined, meets: (rule: Rule) => boolean): Rule | undefined {
    let node: Node<Rule> | undefined = this.#root;
    let best: Rule | undefined;
    for (let at = 0; node !== undefined; at += 1) {
      best = earlier(node.rules, best, meets);
      if (path === undefined || at === path.length) break;
      node = node.next?.get(path.charCodeAt(at));
    }
    return best;
  }

  #nodeOf(prefix: string): Node<Rule> {
    let node = this.#root;
    for (let at = 0; at < prefix.length; at += 1) {
      node.next ??= new Map();
      let next = node.next.get(prefix.charCodeAt(at));
      if (next === undefined) node.next.set(prefix.charCodeAt(at), (next = { next: undefined, rules: [] }));
      node = next;
    }
    return node;
  }
}

function earlier<Rule extends Planned>(
  rules: readonly Rule[],
  best: Rule | undefined,
  meets: (rule: Rule) => boolean,
): Rule | undefined {
  for (const rule of rules) {
    if (best !== undefined && rule.order > best.order) return best;
    if (meets(rule)) return rule;
  }
  return best;
}
