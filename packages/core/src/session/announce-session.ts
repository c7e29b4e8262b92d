import type { HostPort, SockAddr } from '../base/address.ts';
import { sessionChannel } from '../diagnostics/channels.ts';

/** What the message about a started session says. */
interface BegunSession {
  readonly id: number;
  readonly parent: { readonly id: number } | undefined;
  readonly client: { readonly id: number; readonly address: SockAddr; readonly listener: SockAddr };
  readonly service: { readonly name: string };
}

interface RoutedSession {
  readonly id: number;
  readonly method: string | undefined;
  readonly target: HostPort | undefined;
}

interface ChosenRoute {
  readonly name: string;
  readonly chainer: { readonly kind: string };
}

/** The sessions whose start was published. Only their end is published, too. */
const announced = new WeakSet<object>();

/** Publishes the start of a session. To be called only while `inband:session` has subscribers. */
export function announceSession(session: BegunSession): void {
  const { id, parent, client, service } = session;
  const { address, listener } = client;
  announced.add(session);
  const who = { parent: parent?.id, client: client.id, address, listener, service: service.name };
  sessionChannel.publish({ event: 'started', session: id, ...who });
}

/** The same, of a session whose route is chosen. */
export function announceRoute({ id, method, target }: RoutedSession, { name, chainer }: ChosenRoute): void {
  sessionChannel.publish({ event: 'routed', session: id, method, target, route: name, chainer: chainer.kind });
}

export function wasAnnounced(session: object): boolean {
  return announced.has(session);
}
