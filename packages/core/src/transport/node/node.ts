import type { Transport } from '../../base/connection.ts';
import { ProxyError } from '../../base/errors.ts';
import { isListedAddress } from '../listed-address.ts';
import { connect } from './connect.ts';
import { adopt, listen } from './listen.ts';
import { nodeUnavailable } from './node-unavailable.ts';

/**
 * Sockets of Node's own `net` module: works wherever Node does. Throws a {@link ProxyError} where `nodeUnavailable` has
 * a reason.
 */
export function createNodeTransport(): Transport {
  const why = nodeUnavailable();
  if (why !== undefined) throw new ProxyError('proxy_configuration_error', why);
  return { name: 'node', isOwnAddress: isListedAddress, connect, listen, adopt };
}
