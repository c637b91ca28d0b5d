/** What each resource waits for, by the addresses of `terraform graph`: without keys of `for_each` or `count`. */
export type Graph = Record<string, string[]>;

/** Reads the DOT that `terraform graph` prints: https://developer.hashicorp.com/terraform/cli/commands/graph */
export function graphOf(dot: string): Graph {
  const graph: Graph = {};
  for (const [, from = '', to = ''] of dot.matchAll(/^\s*"([^"]+)" -> "([^"]+)";$/gm)) {
    (graph[from] ??= []).push(to);
  }
  return graph;
}

/** The address in the graph of a planned resource. */
export const nodeOf = (address: string): string => address.replaceAll(/\[[^\]]*\]/g, '');

/** Everything that has to be there before `node` is made, and until it is destroyed. */
export function waitsFor(graph: Graph, node: string): ReadonlySet<string> {
  const found = new Set<string>();
  const open = [node];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const dependency of graph[next] ?? []) {
      if (!found.has(dependency)) {
        found.add(dependency);
        open.push(dependency);
      }
    }
  }
  return found;
}
