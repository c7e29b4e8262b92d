import { ProxyError } from '../../base/errors.ts';
import { whyNotAName } from '../host-name.ts';
import type { ServiceRecord } from '../resolver.ts';

/**
 * The places of a service in an answer, by priority. Those that no name can have are left out. Throws a `dns_error` if none is left, and
 * if the answer says that there is no such service, by the root as its only target (RFC 2782).
 */
export function foundServices(name: string, records: readonly ServiceRecord[]): readonly ServiceRecord[] {
  const isNowhere = records.length === 1 && records[0]?.target === '';
  if (isNowhere) throw noService(name, 'its SRV record says that there is none (the target ".")');
  if (records.length === 0) throw noService(name, 'there is no SRV record of that name');
  const services = records
    .filter(({ target, port }) => port > 0 && whyNotAName(target) === undefined)
    .map(({ target, port, priority, weight }) => ({ target, port, priority, weight }))
    .toSorted((a, b) => a.priority - b.priority);
  if (services.length === 0) throw noService(name, 'none of its SRV records has a host name and a port');
  return services;
}

function noService(name: string, reason: string): ProxyError {
  return new ProxyError('dns_error', `The service "${name}" could not be found: ${reason}.`);
}
