import { AddressZones, type Resolver } from '@inband/core';
import { ZoneKeeper } from '../../zones/zone-keeper.ts';
import type { Make } from './made.ts';

export const makeZone: Make<'zone'> = ({ value: { name, addresses, hosts, parent } }, { deps }) => {
  const lists = deps.zoneLists.filter(({ zone }) => zone === name).map(({ networks }) => networks);
  return [name, { addresses, lists, hosts, parent }];
};

export const makeZoneTable: Make<'zone-table'> = ({ value }, { deps, get }) => {
  const zones = new AddressZones(Object.fromEntries(value.zones.map((zone) => get(zone))));
  const resolver = value.resolver === undefined ? noResolver : get(value.resolver);
  const keeper = new ZoneKeeper({ zones, resolver, lists: deps.zoneLists, logger: deps.logger });
  return { zones, keeper };
};

/** Where no zone has names, none is looked up. */
const noResolver: Resolver = { resolve: () => Promise.reject(new Error('No zone has names.')) };
