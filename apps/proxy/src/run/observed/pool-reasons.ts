/** Why an instance is not ready whose required pools of these names have no server that is up. */
export function poolReasons(names: readonly string[]): string[] {
  return names.map((name) => `no server of ${name} is up`);
}
