import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';

/** What the system says about its network: the interfaces that are up, and three files of Linux. */
export interface NetworkFacts {
  readonly interfaces: readonly string[];
  /** `/proc/net/dev`, `/proc/net/route`, `/proc/net/ipv6_route`. */
  readonly devices: string;
  readonly routes: string;
  readonly ipv6Routes: string;
}

/** The facts of this process's network namespace. Throws where there is no `/proc`: then nobody knows. */
export function networkFacts(): NetworkFacts {
  const read = (name: string): string => readFileSync(`/proc/self/net/${name}`, 'latin1');
  return {
    interfaces: Object.keys(networkInterfaces()),
    devices: read('dev'),
    routes: read('route'),
    ipv6Routes: readOrNothing(() => read('ipv6_route')),
  };
}

/** Without IPv6 there is no such file, and no such route. */
function readOrNothing(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}

/**
 * Why cases that name private, reserved and metadata addresses must not be run over sockets here: what leads beyond
 * loopback, in words. Undefined when nothing does.
 */
export function beyondLoopback(facts: NetworkFacts): string | undefined {
  const devices = facts.devices
    .split('\n')
    .filter((line) => line.includes(':'))
    .map((line) => line.split(':')[0]!.trim());
  const names = new Set([...facts.interfaces, ...devices, ...routeDevices(facts)]);
  names.delete('lo');
  if (names.size === 0) return undefined;
  return `there is more than loopback here: ${[...names].join(', ')}`;
}

function routeDevices({ routes, ipv6Routes }: NetworkFacts): string[] {
  const four = routes.split('\n').slice(1);
  const six = ipv6Routes.split('\n').map((line) => line.trim().split(/\s+/).at(-1)!);
  return [...four.map((line) => line.split(/\s/)[0]!), ...six].filter((name) => name !== '');
}
