import type { HostPattern } from '@inband/core';
import { FollowedHostList } from '../../lists/followed-host-list.ts';
import type { HostCondition } from '../plan/planned.ts';
import type { Make, Maker } from './made.ts';

export const makeHostList: Make<'host-list'> = ({ value: { path, name } }, { deps }) => {
  const file = deps.hostLists.get(path);
  if (file === undefined) throw new Error(`The file ${path} was not read.`);
  return new FollowedHostList({ path, name, file, logger: deps.logger });
};

/** The patterns and lists of a planned condition on hosts. */
export function hostsOf(hosts: HostCondition, get: Maker['get']): HostPattern[] {
  return hosts.map((host) => (typeof host === 'string' ? host : get(host).list));
}
