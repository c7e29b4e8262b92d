import { type ConfigPath, formatPath, type Problem } from '../problem/problem.ts';
import { isPlain } from '../problem/written.ts';
import { MOST_NESTING, TOO_NESTED } from '../text/nesting.ts';

/**
 * What keeps a value of a module or of a program from being walked through: a mapping or list that contains itself, or is nested too deep. Texts are
 * checked while they are parsed. Only the first problem, because others follow from it.
 */
export function checkNesting(value: unknown): Problem | undefined {
  return new NestingCheck().problemIn(value);
}

class NestingCheck {
  /** From the outermost mapping or list to the one that is looked at, and what leads from each to the next. */
  readonly #around: object[] = [];
  readonly #path: (string | number)[] = [];
  /** How deep each stood, at most. What several places share is looked at once for each depth, and not for each place. */
  readonly #depths = new Map<object, number>();

  problemIn(value: unknown): Problem | undefined {
    if (!isPlain(value)) return undefined;
    const depth = this.#around.length;
    const same = this.#around.indexOf(value);
    if (same >= 0) return { path: [...this.#path], message: containsItself(this.#path.slice(0, same)) };
    if (depth >= MOST_NESTING) return { path: this.#path.slice(0, SHOWN), message: `${TOO_NESTED}.` };
    if ((this.#depths.get(value) ?? -1) >= depth) return undefined;
    this.#depths.set(value, depth);
    this.#around.push(value);
    const found = this.#problemInside(value);
    this.#around.pop();
    return found;
  }

  #problemInside(value: object): Problem | undefined {
    const keys = Array.isArray(value) ? undefined : Object.keys(value);
    const inside: unknown[] = Array.isArray(value) ? value : Object.values(value);
    for (let index = 0; index < inside.length; index += 1) {
      this.#path.push(keys?.[index] ?? index);
      const found = this.problemIn(inside[index]);
      this.#path.pop();
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

/** Parts of a path that is too long for a message. */
const SHOWN = 8;

function containsItself(outer: ConfigPath): string {
  const name = outer.length === 0 ? 'the whole configuration' : formatPath(outer);
  return `this is ${name}, which contains itself here.`;
}
