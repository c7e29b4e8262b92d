/** Something that is named in something else. */
export type Edge = readonly [from: string, to: string];

type Graph = ReadonlyMap<string, readonly string[]>;

/**
 * Which of many references lead back to where they stand. Looks at each of them twice, however long their ways are: two names lead to each
 * other if they are in the same strongly connected component (Kosaraju's algorithm).
 */
export function circlesOf(edges: readonly Edge[]): (edge: Edge) => boolean {
  const component = new Map<string, string>();
  const back = graphOf(edges.map(([from, to]) => [to, from]));
  for (const root of finished(graphOf(edges)).toReversed()) {
    if (component.has(root)) continue;
    component.set(root, root);
    const waiting = [root];
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      for (const before of back.get(name) ?? []) {
        if (component.has(before)) continue;
        component.set(before, root);
        waiting.push(before);
      }
    }
  }
  return ([from, to]) => component.get(from) === component.get(to);
}

/** What each name leads to, by the name. */
export function graphOf(edges: readonly Edge[]): Graph {
  const graph = new Map<string, string[]>();
  for (const [from, to] of edges) {
    const known = graph.get(from);
    if (known === undefined) graph.set(from, [to]);
    else known.push(to);
  }
  return graph;
}

/** All names, each behind those that it leads to, as far as there is no circle. Without recursion, because a way may be long. */
function finished(graph: Graph): string[] {
  const order: string[] = [];
  const seen = new Set<string>();
  for (const root of graph.keys()) {
    if (seen.has(root)) continue;
    seen.add(root);
    const open = [{ name: root, left: [...(graph.get(root) ?? [])] }];
    for (let last = open.at(-1); last !== undefined; last = open.at(-1)) {
      const name = last.left.pop();
      if (name === undefined) {
        order.push(last.name);
        open.pop();
      } else if (!seen.has(name)) {
        seen.add(name);
        open.push({ name, left: [...(graph.get(name) ?? [])] });
      }
    }
  }
  return order;
}
