import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { HostPort, SockAddr } from './base/address.ts';
import type { ProxyErrorCode } from './base/errors.ts';
import type { Logger } from './base/logger.ts';
import type { MaybePromise } from './base/maybe-promise.ts';
import type { SessionSummary } from './session/end/session-summary.ts';

/** The fields of a head, as they are now: what filters before this one have changed is changed. A character of a value is a byte. */
export interface FilterFields extends Iterable<readonly [name: string, value: string]> {
  /** The value of the first field with this name, in any case. Undefined if there is none. */
  get(name: string): string | undefined;
  /** The values of all fields with this name, in their order. */
  all(name: string): readonly string[];
  /** Whether there is a field with this name, in any case. */
  has(name: string): boolean;
}

/** Whose request it is, and what it is for. A copy, which a filter may keep. */
export interface FilterSubject {
  /** Unique in this process. The same in all calls for one request, and in the log. */
  readonly id: number;
  /** `GET`, `CONNECT`, … */
  readonly method: string;
  /** The server that is asked for. */
  readonly target: HostPort;
  readonly fields: FilterFields;
  readonly client: {
    /** Of its connection, unique in this process. */
    readonly id: number;
    readonly address: SockAddr;
    /** The most specific zone that holds the address: `clientZone` of the log. */
    readonly zone: string;
  };
  /** Who the client is, where the service asks. */
  readonly user: string | undefined;
  readonly groups: readonly string[];
  /** User and password that the client shows by the scheme Basic, in a service without `auth`: to the proxy in mode forward, else to the server. */
  readonly login: { readonly user: string; readonly password: string } | undefined;
  /** The name of the service. */
  readonly service: string;
  /** The name of the route: `services.web.routes[0]`. */
  readonly route: string;
  /** Aborted when nobody waits for the filter any more: the client has gone, or the time is up. */
  readonly signal: AbortSignal;
}

/** A request, as `onRequest` gets it. */
export interface FilterRequest extends FilterSubject {
  /** Path and query as the client wrote them: `/cart?id=1`. */
  readonly path: string;
  /** The whole URL: `http://shop.example/cart?id=1`. */
  readonly url: string;
  /** The whole content, where the filter has `requestBody: 'buffer'`. Empty if there is none. Undefined elsewhere. */
  readonly body: Uint8Array | undefined;
}

/** A tunnel that is asked for, as `onTunnel` gets it. */
export interface FilterTunnel extends FilterSubject {
  /** `upgrade`: a request asks for another protocol, a WebSocket for example. `onRequest` has seen it before. */
  readonly kind: 'connect' | 'upgrade' | 'socks4' | 'socks5';
}

/** The answer of a server, as `onResponse` gets it. */
export interface FilterResponse {
  readonly status: number;
  readonly fields: FilterFields;
  /** The request, as it was sent to the server. */
  readonly request: FilterRequest;
  /** The whole content, where the filter has `responseBody: 'buffer'`. Empty if there is none. Undefined elsewhere. */
  readonly body: Uint8Array | undefined;
  /** As that of the request. */
  readonly signal: AbortSignal;
}

/** What `onEnd` gets. */
export interface FilterEnd extends SessionSummary {
  /** Of the answer that was begun; 0 when none was. */
  readonly status: number;
  readonly error: ProxyErrorCode | undefined;
}

/** Changes of fields, in this order, with the meaning that they have in a configuration. */
export interface FilterFieldChanges {
  readonly remove?: readonly string[] | undefined;
  /** In place of those that have the name. A list: one field for each value. */
  readonly set?: Readonly<Record<string, string | readonly string[]>> | undefined;
  /** Only where there is none with the name. */
  readonly add?: Readonly<Record<string, string | readonly string[]>> | undefined;
  /** Behind those that have the name. */
  readonly append?: Readonly<Record<string, string | readonly string[]>> | undefined;
}

/** An answer of the filter, which the client gets in place of a server's. */
export interface FilterAnswer {
  /** From 200 to 599. For a tunnel from 400 on. */
  readonly status: number;
  readonly fields?: Readonly<Record<string, string | readonly string[]>> | undefined;
  /** Text is sent in UTF-8, and is `text/plain` unless a field says otherwise. */
  readonly body?: string | Uint8Array | undefined;
}

/**
 * Another body: all of it, or what makes it of the one that comes, which is read and written as fast as the other side takes it. What comes is
 * bytes, and what is made of them bytes or text.
 */
export type FilterBody = string | Uint8Array | BodyFunction | BodyStream;

/** Yields the new body while it reads the old one. `signal` is aborted when nobody wants it any more. */
export type BodyFunction = (
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
) => AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>;

/** A `TransformStream`, for example. */
export interface BodyStream {
  readonly writable: WritableStream<Uint8Array>;
  readonly readable: ReadableStream<string | Uint8Array>;
}

interface Refusing {
  /** Why, in a sentence for the client. It gets 403. */
  readonly deny: string;
}

interface Answering {
  readonly respond: FilterAnswer;
}

/** What becomes of a request: nothing is other, or something is, or it goes no further. */
export type RequestVerdict = RequestChange | Answering | Refusing | undefined | void;

/** What is other of a request. What is left out stays as it is. */
export interface RequestChange {
  readonly fields?: FilterFieldChanges | undefined;
  /** What is asked for instead: a path with its query, or an `http://` or `https://` URL. Policy judges the new target, and a route is looked for. */
  readonly target?: string | undefined;
  /** The name of a route of the service, which is taken whatever it matches. */
  readonly route?: string | undefined;
  /** A proxy by which the server is reached, in place of the chainer of the route: `socks5h://user:password@proxy.example:1080`. */
  readonly parent?: string | undefined;
  /** The body in place of the client's. A request without one has nothing that a function could change. */
  readonly body?: FilterBody | undefined;
}

/** What becomes of a tunnel. `target` is a host and a port: `a.example:443`. */
export type TunnelVerdict = Omit<RequestChange, 'fields' | 'body'> | Answering | Refusing | undefined | void;

/** What is other of an answer. What is left out stays as it is. */
export interface ResponseChange {
  readonly fields?: FilterFieldChanges | undefined;
  readonly body?: FilterBody | undefined;
}

/** What becomes of an answer. */
export type ResponseVerdict = ResponseChange | Answering | Refusing | undefined | void;

/**
 * Looks at requests, answers and tunnels of a service, and may change them. Each function returns what is to be other, or a promise of that; without
 * a value everything goes on. What it throws is a defect: the client gets 500, and the log has what was thrown with the name of the filter.
 */
export interface Filter {
  /** Called for every request but CONNECT, when it has a route. */
  onRequest?(request: FilterRequest): MaybePromise<RequestVerdict>;
  /** Called for the answer of a server, before anything of it is sent. Not for interim answers (1xx), and not for answers of the proxy itself. */
  onResponse?(response: FilterResponse): MaybePromise<ResponseVerdict>;
  /** Called for a tunnel that is asked for, by CONNECT, by SOCKS or by an `Upgrade`, before a server is connected. */
  onTunnel?(tunnel: FilterTunnel): MaybePromise<TunnelVerdict>;
  /** Called at the end of every request and every tunnel of the service, also of those that were refused before the filter saw them. */
  onEnd?(end: FilterEnd): void;
  /** `buffer`: `onRequest` is called with the whole content, and a request with more than `maximumBody` is refused (413). */
  readonly requestBody?: 'buffer' | undefined;
  /** `buffer`: `onResponse` is called with the whole content, and an answer with more than `maximumBody` becomes 502. */
  readonly responseBody?: 'buffer' | undefined;
  /** Called once, when no request needs it any more. */
  close?(): void;
}

/** What a filter may use. */
export interface FilterDeps {
  readonly logger: Logger;
  /** The folder of the configuration, to which paths in options are relative. */
  readonly baseDirectory: string;
}

/** A kind of filter. `filters` of a service names it as `type`. */
export interface FilterPlugin<Options = unknown> {
  readonly provides: 'filter';
  readonly kind: string;
  /** Any Standard Schema for the options. `type`, `timeout` and `maximumBody` are left out. */
  readonly schema: StandardSchemaV1<unknown, Options>;
  /**
   * Makes the filter of one entry. It must not use the network, because `inband check` and `inband explain` make filters, too. Every process that
   * serves clients has its own, and keeps it over a reload if its options have not changed.
   */
  create(options: Options, deps: FilterDeps): Filter;
}

/** A filter in a service. */
export interface ServiceFilter {
  /** Its kind, or `function` where an embedding program has passed it. */
  readonly kind: string;
  readonly filter: Filter;
  /** Milliseconds that each call may take. */
  readonly timeout: number;
  /** The most bytes of a body that are buffered for it. */
  readonly maximumBody: number;
}
