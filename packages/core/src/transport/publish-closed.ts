import type { Connection } from '../base/connection.ts';
import { transportChannel } from '../diagnostics/channels.ts';
import { errorFacts } from '../diagnostics/error-facts.ts';

/** To be called only where `inband:transport` has subscribers, once for each connection. */
export function publishClosed(transport: string, { local, remote }: Connection, error: Error | undefined): void {
  transportChannel.publish({ event: 'closed', transport, local, remote, error: error && errorFacts(error) });
}
