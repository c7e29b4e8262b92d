/** A file, and the files that it imports. Paths are relative to the repository. */
export interface Imports {
  readonly source: string;
  readonly targets: readonly string[];
}

/** Entries of one folder that import each other in a circle. */
export interface Circle {
  readonly entries: readonly string[];
  /** An import that leads from each entry to the next one. */
  readonly steps: readonly Step[];
}

interface Step {
  readonly from: string;
  readonly to: string;
}

/** Which of the entries of a folder imports which other one, each with the first import that does. */
type Level = Map<string, Map<string, Step>>;

/**
 * Finds circles between the entries of every folder, where an entry is a file, or a folder with all that is in it. Each
 * set of entries that has a circle is given once.
 *
 * dependency-cruiser has a rule for folders of its own, which compares the folders that files are directly in, and so
 * does not see that `config` imports `zones`, and `zones` imports `config/read`.
 */
export function folderCircles(files: readonly Imports[]): Circle[] {
  const levels = new Map<string, Level>();
  for (const { source, targets } of files) {
    for (const target of targets) note(levels, source, target);
  }
  return [...levels.values()].flatMap(circlesOf);
}

/** Notes an import where the paths of the two files part. */
function note(levels: Map<string, Level>, source: string, target: string): void {
  const from = source.split('/');
  const to = target.split('/');
  const depth = from.findIndex((name, index) => name !== to[index]);
  if (depth < 0) return;
  const level = getOrAdd(levels, from.slice(0, depth).join('/'), () => new Map());
  const steps = getOrAdd(level, from.slice(0, depth + 1).join('/'), () => new Map<string, Step>());
  getOrAdd(steps, to.slice(0, depth + 1).join('/'), () => ({ from: source, to: target }));
}

function circlesOf(level: Level): Circle[] {
  const found = new Map<string, Circle>();
  for (const entry of level.keys()) {
    const circle = shortestCircle(level, entry);
    if (circle !== undefined) getOrAdd(found, circle.entries.toSorted().join(' '), () => circle);
  }
  return [...found.values()];
}

/** The shortest way from an entry back to it, breadth first. */
function shortestCircle(level: Level, start: string): Circle | undefined {
  const seen = new Set<string>();
  let ways: Circle[] = [{ entries: [start], steps: [] }];
  while (ways.length > 0) {
    const longer: Circle[] = [];
    for (const { entries, steps } of ways) {
      for (const [entry, step] of level.get(entries.at(-1) ?? start) ?? []) {
        if (entry === start) return { entries, steps: [...steps, step] };
        if (!seen.has(entry)) longer.push({ entries: [...entries, entry], steps: [...steps, step] });
        seen.add(entry);
      }
    }
    ways = longer;
  }
  return undefined;
}

function getOrAdd<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
