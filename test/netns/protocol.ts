/** What the lab asks of the agent in a namespace. Addresses are `192.0.2.1:80` or `[2001:db8::1]:80`. */
export type Order =
  /** Listen on every address of the namespace. `http` answers with what it saw, `echo` with what it got. */
  | { readonly type: 'serve'; readonly port: number; readonly kind: 'http' | 'echo' }
  /** Stop listening and close what was accepted there. */
  | { readonly type: 'stop'; readonly port: number }
  | ({ readonly type: 'fetch' } & FetchOptions)
  | { readonly type: 'open'; readonly wire: number; readonly to: string; readonly from?: string | undefined }
  | { readonly type: 'send'; readonly wire: number; readonly text: string }
  /** Nothing but the answer, which comes after every event so far. */
  | { readonly type: 'answer' }
  /** Send FIN. */
  | { readonly type: 'finish'; readonly wire: number }
  /** Close with a reset. */
  | { readonly type: 'reset'; readonly wire: number };

export interface FetchOptions {
  /** Where to connect; not necessarily what `host` says. */
  readonly to: string;
  /** One of the namespace's own addresses. */
  readonly from?: string;
  /** The `Host` field; `to` unless told. */
  readonly host?: string;
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Requests with the same name, `to` and `from` share one connection, which stays open. */
  readonly keepAlive?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** The client's own end of the connection. */
  readonly local: string;
}

/** The body with which an `http` server answers, as JSON. */
export interface Seen {
  /** The name of the namespace. */
  readonly server: string;
  /** Whom the server believes to talk to. */
  readonly peer: string;
  readonly local: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** What happens in a namespace by itself. Texts have a byte a character. */
export type AgentEvent =
  | { readonly type: 'connection' | 'closed'; readonly port: number; readonly peer: string; readonly local: string }
  | { readonly type: 'request'; readonly port: number; readonly seen: Seen }
  /** The client of a response was gone before its end. */
  | { readonly type: 'aborted'; readonly port: number; readonly url: string }
  | { readonly type: 'wire-data'; readonly wire: number; readonly text: string }
  | { readonly type: 'wire-end'; readonly wire: number }
  | { readonly type: 'wire-closed'; readonly wire: number; readonly error: string | undefined };

/** From the lab to the agent. */
export interface OrderMessage {
  readonly id: number;
  readonly order: Order;
}

/** From the agent to the lab. */
export type AgentMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'done'; readonly id: number; readonly value: unknown }
  | { readonly type: 'failed'; readonly id: number; readonly error: string }
  | { readonly type: 'event'; readonly event: AgentEvent };
