/**
 * The process that a namespace of the lab exists for, and through: clients and servers in it, at the orders of the lab.
 * Without the lab it ends, and the namespace with it. It refuses to start in the network namespace of the lab itself:
 * the addresses of these tests are somebody else's out there. Started as `unshare -n -- node agent.ts NAME OUTER`.
 */
import { readlinkSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { fetchOnce } from './agent-fetch.ts';
import { AgentServers } from './agent-servers.ts';
import { AgentWires } from './agent-wires.ts';
import type { AgentEvent, AgentMessage, Order, OrderMessage } from './protocol.ts';

const [name = '', outer = ''] = process.argv.slice(2);
if (outer === '' || readlinkSync('/proc/self/ns/net') === outer || process.send === undefined) {
  console.error('Refusing to run: this is not a network namespace of its own.');
  process.exit(2);
}
process.on('disconnect', () => process.exit(0));
// IPv6 addresses, link-local ones too, would first ask for two seconds whether somebody else has them.
for (const which of ['all', 'default']) writeFileSync(`/proc/sys/net/ipv6/conf/${which}/accept_dad`, '0');

function report(message: AgentMessage): void {
  process.send?.(message);
}

function happened(event: AgentEvent): void {
  report({ type: 'event', event });
}

const servers = new AgentServers(name, happened);
const wires = new AgentWires(happened);

async function follow(order: Order): Promise<unknown> {
  switch (order.type) {
    case 'serve':
      return servers.serve(order.port, order.kind);
    case 'stop':
      return servers.stop(order.port);
    case 'answer':
      return undefined;
    case 'fetch':
      return fetchOnce(order);
    case 'open':
      return wires.open(order.wire, order.to, order.from);
    case 'send':
      return wires.with(order.wire, (socket: Socket) => void socket.write(order.text, 'latin1'));
    case 'finish':
      return wires.with(order.wire, (socket: Socket) => void socket.end());
    case 'reset':
      return wires.with(order.wire, (socket: Socket) => void socket.resetAndDestroy());
  }
}

process.on('message', ({ id, order }: OrderMessage) => {
  follow(order).then(
    (value) => report({ type: 'done', id, value }),
    (error: NodeJS.ErrnoException) => report({ type: 'failed', id, error: error.code ?? error.message }),
  );
});
report({ type: 'ready' });
