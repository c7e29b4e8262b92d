import type { Interception, SockAddr, Transport } from '@inband/core';

/**
 * Rejects if an address cannot be bound. `transparent`: how its listener accepts intercepted connections, because with `tproxy` it may be an
 * address that this machine does not have.
 */
export async function bindForAMoment(
  transport: Transport,
  bind: SockAddr,
  transparent: Interception | undefined,
): Promise<void> {
  const how = transparent === undefined ? {} : { transparent };
  const probe = await transport.listen(bind, how, (connection) => connection.destroy());
  await probe.close();
}
