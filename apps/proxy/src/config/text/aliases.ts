import { type Document, isAlias, isCollection, isMap, isPair, isScalar, isSeq, type Node } from 'yaml';
import { MOST_NESTING, TOO_NESTED } from './nesting.ts';

/** Values that aliases and merge keys repeat in one text, at most. An alias of what holds aliases repeats those, too. */
const MOST_REPEATED = 500_000;

export interface NodeProblem {
  readonly node: unknown;
  readonly message: string;
}

export function isMergeKey(key: unknown): boolean {
  return isScalar(key) && key.value === '<<' && key.type === 'PLAIN';
}

/** The nodes that stand behind a merge key, without aliases. */
export function mergeSources(value: unknown, document: Document): unknown[] {
  const source = resolveAlias(value, document);
  return isSeq(source) ? source.items.map((item) => resolveAlias(item, document)) : [source];
}

export function resolveAlias(node: unknown, document: Document): unknown {
  return isAlias(node) ? (node.resolve(document) ?? node) : node;
}

/** What is wrong with the aliases and merge keys of a document, before its value is made: that takes time, memory and stack by what they stand for. */
export function aliasProblems(document: Document): readonly NodeProblem[] {
  return new AliasCheck(document).problems;
}

/** What becomes of a node, with all that its aliases stand for. */
interface Size {
  /** Values in it, itself included. */
  readonly values: number;
  /** Values in it that aliases repeat. */
  readonly repeated: number;
  readonly depth: number;
}

const SCALAR: Size = { values: 1, repeated: 0, depth: 0 };

class AliasCheck {
  readonly problems: NodeProblem[] = [];
  readonly #sizes = new Map<Node, Size>();
  /** The anchors up to the node that is looked at. `Alias.resolve` goes through the whole document for each alias. */
  readonly #anchors = new Map<string, unknown>();
  /** The mappings and lists around the node that is looked at. */
  readonly #around = new Set<unknown>();

  constructor(document: Document) {
    const { repeated } = this.#sizeOf(document.contents);
    if (this.problems.length > 0 || repeated <= MOST_REPEATED) return;
    const message = `aliases (*name) and merge keys (<<) repeat more than ${MOST_REPEATED} values: an alias of what holds aliases repeats those, too.`;
    this.problems.push({ node: document.contents, message });
  }

  /** An alias stands for a node before it, so that is known, or is around it. */
  #sizeOf(node: unknown): Size {
    if (isAlias(node)) return this.#repeated(node, this.#resolved(node));
    this.#noteAnchor(node);
    if (!isCollection(node)) return SCALAR;
    const known = this.#sizes.get(node);
    if (known !== undefined) return known;
    this.#around.add(node);
    const size = around(
      node.items.flatMap((item) => (isPair(item) ? this.#sizesOfPair(item.key, item.value) : [this.#sizeOf(item)])),
    );
    this.#around.delete(node);
    this.#sizes.set(node, size);
    return size;
  }

  #sizesOfPair(key: unknown, value: unknown): Size[] {
    if (!isMergeKey(key)) {
      this.#sizeOf(key);
      return [this.#sizeOf(value)];
    }
    const source = this.#resolved(value);
    const sources = isSeq(source) ? source.items.map((item) => this.#resolved(item)) : [source];
    if (sources.every(isMap)) return sources.map((map) => this.#repeated(key, map));
    this.problems.push({ node: key, message: 'expected a mapping to merge, or a list of mappings ("<<: *name").' });
    return [];
  }

  #noteAnchor(node: unknown): void {
    if ((isScalar(node) || isCollection(node)) && node.anchor !== undefined) this.#anchors.set(node.anchor, node);
  }

  /** What stands behind a merge key may have an anchor, too. */
  #resolved(node: unknown): unknown {
    if (isAlias(node)) return this.#anchors.get(node.source);
    this.#noteAnchor(node);
    return node;
  }

  /** The size of what stands once more at another place, `at`. */
  #repeated(at: unknown, node: unknown): Size {
    if (this.#around.has(node)) {
      this.problems.push({ node: at, message: 'this contains itself.' });
      return SCALAR;
    }
    const { values, depth } = this.#sizeOf(node);
    if (depth < MOST_NESTING) return { values, repeated: values, depth };
    this.problems.push({ node: at, message: `with what aliases (*name) stand for, ${TOO_NESTED}.` });
    return SCALAR;
  }
}

/** Of a mapping or list around these. */
function around(parts: readonly Size[]): Size {
  let [values, repeated, depth] = [1, 0, 0];
  for (const part of parts) {
    values += part.values;
    repeated += part.repeated;
    depth = Math.max(depth, part.depth);
  }
  return { values, repeated, depth: depth + 1 };
}
