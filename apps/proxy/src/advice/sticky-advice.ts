import type { PluginUse } from '../config/plugins/plugin-uses.ts';
import { isRecord, type Problem } from '../config/problem/problem.ts';

/** Warns about cookies of pools that will be lost with the program, because neither the configuration nor this machine has a key. */
export function stickyAdvice(uses: readonly PluginUse[], machineKey: Uint8Array | undefined): Problem[] {
  if (machineKey !== undefined) return [];
  return uses.filter(lacksSecret).map(({ path }) => ({
    path: [...path, 'sticky'],
    warning: true,
    message:
      'the key of this cookie is lost when the program ends, because this machine has no id (/etc/machine-id); "secret" would keep clients at their servers.',
  }));
}

function lacksSecret({ type, options: { sticky } }: PluginUse): boolean {
  return type === 'pool' && isRecord(sticky) && sticky.secret === undefined && sticky.secretFile === undefined;
}
