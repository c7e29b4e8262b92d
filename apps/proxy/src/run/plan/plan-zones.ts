import type { ParsedConfig } from '../../config/parse-config.ts';
import type { Config } from '../../config/schema/schema.ts';
import type { Ref, Values } from './planned.ts';
import { frozen, type Planner, refTo } from './planner.ts';

/** Every zone, and the table of all of them. */
export function planZones(
  planner: Planner,
  { config, zoneLists }: ParsedConfig,
  resolver: Ref<'resolver'>,
): Ref<'zone-table'> {
  const files = Map.groupBy(zoneLists, ({ zone }) => zone);
  const planned = new Map<string, Ref<'zone'>>();
  const plan = (name: string): Ref<'zone'> | undefined => {
    const zone = config.zones[name];
    if (zone === undefined || !Object.hasOwn(config.zones, name)) return undefined;
    const known = planned.get(name);
    if (known !== undefined) return known;
    const value = valueOf(
      name,
      zone,
      (files.get(name) ?? []).map(({ path }) => path),
      plan,
    );
    const ref = refTo(planner.add('zone', ['zones', name], frozen(value)));
    planned.set(name, ref);
    return ref;
  };
  const names = inOrder(config.zones);
  const zones = names.map(plan).filter((zone) => zone !== undefined);
  const hasNames = Object.values(config.zones).some((zone) => !Array.isArray(zone) && (zone.hosts ?? []).length > 0);
  const table = { zones, resolver: hasNames ? resolver : undefined };
  return refTo(planner.add('zone-table', ['zones'], frozen(table)));
}

type ZoneConfig = Config['zones'][string];

function valueOf(
  name: string,
  zone: ZoneConfig,
  files: readonly string[],
  planned: (parent: string) => Ref<'zone'> | undefined,
): Values['zone'] {
  if (Array.isArray(zone)) return { name, addresses: zone, files, hosts: [], parent: undefined, parentZone: undefined };
  const { addresses, hosts = [], parent } = zone;
  return { name, addresses, files, hosts, parent, parentZone: parent === undefined ? undefined : planned(parent) };
}

/**
 * In the order of the configuration if a zone has files or names, because the first zone gets what two of them hold. Else sorted by
 * name, so that the order does not change the hash.
 */
function inOrder(zones: Config['zones']): string[] {
  const names = Object.keys(zones);
  const mayShare = Object.values(zones).some((zone) => !Array.isArray(zone) && (zone.file ?? zone.hosts) !== undefined);
  return mayShare ? names : names.toSorted();
}
