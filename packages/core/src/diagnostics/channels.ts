import { channel } from 'node:diagnostics_channel';
import type { DialMessage } from './dial-messages.ts';
import type { ExchangeMessage } from './exchange-messages.ts';
import type { HealthMessage } from './health-messages.ts';
import type { LookupMessage } from './lookup-messages.ts';
import type { PoolMessage } from './pool-messages.ts';
import type { SessionMessage } from './session-messages.ts';
import type { TransportMessage } from './transport-messages.ts';
import type { TunnelMessage } from './tunnel-messages.ts';

/** A channel of `node:diagnostics_channel`, with the type of its messages. */
export interface DiagnosticChannel<Message> {
  /** `inband:pool`, as `subscribe` of `node:diagnostics_channel` takes it. */
  readonly name: string | symbol;
  /** To be asked before a message is made. Without subscribers it costs the read of a property, and nothing is made. */
  readonly hasSubscribers: boolean;
  /** Calls every subscriber. What one throws reaches neither the others nor the caller: see docs/diagnostics.md. */
  publish(message: Message): void;
  /** Calls `onMessage` with every message from now on. */
  subscribe(onMessage: (message: Message, name: string | symbol) => void): void;
  /** Ends what `subscribe` began, with the same function. */
  unsubscribe(onMessage: (message: Message, name: string | symbol) => void): void;
}

/** What is subscribed to is called with what is published here, and nobody else publishes on these names. */
function open<Message>(name: string): DiagnosticChannel<Message> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Node knows no types of messages
  return channel(name) as DiagnosticChannel<Message>;
}

/** Requests and tunnels: which route and address were chosen, what policy said, what became of them. */
export const sessionChannel = open<SessionMessage>('inband:session');
/** The steps of one HTTP request and its response. */
export const exchangeChannel = open<ExchangeMessage>('inband:exchange');
/** Look-ups of the names of servers. */
export const lookupChannel = open<LookupMessage>('inband:lookup');
/** Attempts to connect to servers. */
export const dialChannel = open<DialMessage>('inband:dial');
/** Idle server connections: reused, kept, closed. */
export const poolChannel = open<PoolMessage>('inband:pool');
/** The servers of chainers that choose among several: up, taken out, down. */
export const healthChannel = open<HealthMessage>('inband:health');
/** Connections of which bytes are relayed and not understood. */
export const tunnelChannel = open<TunnelMessage>('inband:tunnel');
/** Accepted clients, and the sockets that closed. */
export const transportChannel = open<TransportMessage>('inband:transport');

/** All channels, by the second half of their names. */
export const diagnostics = {
  session: sessionChannel,
  exchange: exchangeChannel,
  lookup: lookupChannel,
  dial: dialChannel,
  pool: poolChannel,
  health: healthChannel,
  tunnel: tunnelChannel,
  transport: transportChannel,
} as const;

/** The second half of a channel's name. */
export type DiagnosticName = keyof typeof diagnostics;

/** What is published on any of the channels. */
export type DiagnosticMessage =
  | DialMessage
  | ExchangeMessage
  | HealthMessage
  | LookupMessage
  | PoolMessage
  | SessionMessage
  | TransportMessage
  | TunnelMessage;
