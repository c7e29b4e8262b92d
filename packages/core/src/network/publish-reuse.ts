import type { SockAddr } from '../base/address.ts';
import { poolChannel } from '../diagnostics/channels.ts';
import type { ServerConnection } from '../session/server-connection.ts';
import type { Session } from '../session/session.ts';

/** Says whether an idle connection serves `session`. To be called only where `inband:pool` has subscribers. */
export function publishReuse(session: Session, server: SockAddr, idle: ServerConnection | undefined): void {
  const common = { session: session.id, client: session.client.id, server };
  if (idle === undefined) return poolChannel.publish({ event: 'miss', ...common });
  poolChannel.publish({ event: 'hit', ...common, bound: idle.belongsToClient === true, connection: idle.id });
}
