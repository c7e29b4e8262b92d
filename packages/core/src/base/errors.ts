import type { SockAddr } from './address.ts';

/** Whose fault a failure is. */
export type Fault = 'client' | 'server' | 'proxy';

interface ErrorKind {
  /** HTTP status of the response; `alsoStatus` lists others that the same code may have. */
  readonly status: number;
  readonly alsoStatus?: readonly number[];
  readonly fault: Fault;
  /** Whether trying the same request again later can succeed with nothing else changed. */
  readonly retry: boolean;
  readonly description: string;
}

/**
 * Every way in which Inband can fail a session. The codes are the Proxy-Status error types of RFC 9209 section 2.3.
 * `docs/errors.md` shows the same table, and a test keeps the two equal.
 */
export const PROXY_ERRORS = {
  dns_timeout: {
    status: 504,
    fault: 'server',
    retry: true,
    description: 'The name of the server could not be resolved in time.',
  },
  dns_error: {
    status: 502,
    fault: 'server',
    retry: false,
    description: 'The name of the server does not exist or has no address.',
  },
  destination_not_found: {
    status: 404,
    fault: 'client',
    retry: false,
    description: 'No route of the service matches the request.',
  },
  destination_unavailable: {
    status: 503,
    fault: 'server',
    retry: true,
    description: 'No server of the pool could be reached.',
  },
  destination_ip_prohibited: {
    status: 403,
    fault: 'client',
    retry: false,
    description: 'Policy forbids connecting to the address of the server.',
  },
  destination_ip_unroutable: {
    status: 502,
    fault: 'server',
    retry: true,
    description: 'There is no route to the address of the server.',
  },
  connection_refused: {
    status: 502,
    fault: 'server',
    retry: true,
    description: 'The server refused the connection.',
  },
  connection_terminated: {
    status: 502,
    fault: 'server',
    retry: true,
    description: 'The server closed the connection before its response was complete.',
  },
  connection_timeout: {
    status: 504,
    fault: 'server',
    retry: true,
    description: 'The server did not accept the connection in time.',
  },
  connection_read_timeout: {
    status: 504,
    fault: 'server',
    retry: true,
    description: 'The server stopped sending in the middle of its response.',
  },
  connection_write_timeout: {
    status: 504,
    fault: 'server',
    retry: true,
    description: 'The server stopped reading in the middle of the request.',
  },
  connection_limit_reached: {
    status: 503,
    fault: 'proxy',
    retry: true,
    description:
      'A limit is reached, or the proxy has no descriptor, port, memory or look-up left for another connection.',
  },
  tls_protocol_error: {
    status: 502,
    fault: 'server',
    retry: false,
    description: 'The TLS handshake with the server failed.',
  },
  tls_certificate_error: {
    status: 502,
    fault: 'server',
    retry: false,
    description: 'The certificate of the server could not be verified.',
  },
  tls_alert_received: {
    status: 502,
    fault: 'server',
    retry: false,
    description: 'The server refused the TLS handshake by an alert.',
  },
  http_request_error: {
    status: 400,
    alsoStatus: [405, 408, 413, 414, 417, 421, 431, 501, 505],
    fault: 'client',
    retry: false,
    description: 'The request breaks the rules of HTTP, exceeds a limit, or came too slowly.',
  },
  http_request_denied: {
    status: 403,
    alsoStatus: [401, 407, 429],
    fault: 'client',
    retry: false,
    description: 'Policy forbids the request.',
  },
  http_response_incomplete: {
    status: 502,
    fault: 'server',
    retry: true,
    description: 'The response of the server ended before it was complete.',
  },
  http_response_header_section_size: {
    status: 502,
    fault: 'server',
    retry: false,
    description: 'The header section of the response exceeds a limit.',
  },
  http_response_trailer_section_size: {
    status: 502,
    fault: 'server',
    retry: false,
    description: 'The trailer section of the response exceeds a limit.',
  },
  http_response_body_size: {
    status: 502,
    fault: 'server',
    retry: false,
    description: 'The content of the response exceeds a limit.',
  },
  http_response_transfer_coding: {
    status: 502,
    fault: 'server',
    retry: false,
    description: 'The transfer coding of the response is not exactly "chunked", or its chunks are malformed.',
  },
  http_response_timeout: {
    status: 504,
    fault: 'server',
    retry: true,
    description: 'The server did not respond in time.',
  },
  http_upgrade_failed: {
    status: 502,
    fault: 'server',
    retry: false,
    description: 'The server switched to a protocol that the client did not ask for.',
  },
  http_protocol_error: {
    status: 502,
    fault: 'server',
    retry: false,
    description: 'The response of the server breaks the rules of HTTP.',
  },
  proxy_internal_error: {
    status: 500,
    alsoStatus: [504],
    fault: 'proxy',
    retry: false,
    description: 'A defect of the proxy or of a plugin.',
  },
  proxy_configuration_error: {
    status: 500,
    alsoStatus: [502],
    fault: 'proxy',
    retry: false,
    description: 'The configuration cannot work, or asks for what this system cannot do.',
  },
  proxy_loop_detected: {
    status: 508,
    fault: 'client',
    retry: false,
    description: 'The request would come back to this proxy.',
  },
} as const satisfies Record<string, ErrorKind>;

/** The codes of errors: the keys of {@link PROXY_ERRORS}. */
export type ProxyErrorCode = keyof typeof PROXY_ERRORS;

/** The details of a failure beside its code and message. */
export interface ProxyErrorOptions {
  readonly cause?: unknown;
  /** The address that could not be reached or used, if the failure is about one. */
  readonly address?: SockAddr;
  /** The configuration setting that would change the outcome, as a path: `http.maxRequestLine`. */
  readonly setting?: string;
  /** Overrides the status of the code: one of its `alsoStatus` in {@link PROXY_ERRORS}. */
  readonly status?: number;
  /** Overrides the fault of the code in {@link PROXY_ERRORS}. */
  readonly fault?: Fault;
  /** Seconds after which the same request may succeed. With it an error is worth another try, whatever its code. */
  readonly retryAfter?: number | undefined;
  /** The status that another proxy has answered with (RFC 9209 section 2.1.4). */
  readonly receivedStatus?: number | undefined;
  /** The alert by which a server refused TLS, for `Proxy-Status`. */
  readonly alert?: ReceivedAlert | undefined;
}

/** An alert of TLS, by its number and its name in the registry of IANA: 48, `unknown_ca`. */
export interface ReceivedAlert {
  readonly number: number;
  readonly name: string;
}

/** A failure that a user can act on: it says what failed, whose fault it is, whether to retry and which setting is involved. */
export class ProxyError extends Error {
  readonly code: ProxyErrorCode;
  readonly status: number;
  readonly fault: Fault;
  readonly retry: boolean;
  readonly address: SockAddr | undefined;
  readonly setting: string | undefined;
  readonly retryAfter: number | undefined;
  readonly alert: ReceivedAlert | undefined;
  readonly receivedStatus: number | undefined;

  /** `message` is one sentence for a person; it must never hold credentials. */
  constructor(code: ProxyErrorCode, message: string, options: ProxyErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    const kind: ErrorKind = PROXY_ERRORS[code];
    this.name = new.target.name;
    this.code = code;
    this.status = options.status ?? kind.status;
    this.fault = options.fault ?? kind.fault;
    this.retry = kind.retry || options.retryAfter !== undefined;
    this.address = options.address;
    this.setting = options.setting;
    this.retryAfter = options.retryAfter;
    this.alert = options.alert;
    this.receivedStatus = options.receivedStatus;
  }
}

/**
 * The server that was connected to is a parent proxy and works, but what is behind it could not be reached. Other parents would hardly
 * fare better, and this one has not failed.
 */
export class BeyondParentError extends ProxyError {}

/** Seed: DACException. Policy denied the session; nothing was dialled. */
export class AccessDeniedError extends ProxyError {
  /** The rule that decided, as a path into the configuration, or the name of a default. */
  readonly rule: string;
  /** The name of the list of hosts that the rule found the host in, where it did. Not for clients. */
  readonly list: string | undefined;

  constructor(
    code: 'destination_ip_prohibited' | 'http_request_denied',
    message: string,
    rule: string,
    { list, ...options }: ProxyErrorOptions & { readonly list?: string } = {},
  ) {
    super(code, message, options);
    this.rule = rule;
    this.list = list;
  }
}

/** The service wants to know who the client is. The answer says by `challenges` what it may show. */
export class AuthenticationError extends AccessDeniedError {
  /** Values of `Proxy-Authenticate` (status 407) or `WWW-Authenticate` (401). */
  readonly challenges: readonly string[];

  /** `rule` is the place of the setting: `services.web.auth`. */
  constructor(status: 401 | 407, message: string, rule: string, challenges: readonly string[]) {
    super('http_request_denied', message, rule, { status, setting: rule });
    this.challenges = challenges;
  }
}

/** What a client that asks too often is told of the limit, by fields of the answer. */
export interface LimitPolicy {
  readonly name: string;
  /** How many it may have in any `window` seconds, and how many of them are left. */
  readonly quota: number;
  readonly window: number;
  readonly remaining: number;
}

/** A limit of the service is reached (`services.NAME.limits`), so that nothing of the request was sent on. */
export class LimitError extends ProxyError {
  /** Undefined where the limit is of what there may be at one time. */
  readonly policy: LimitPolicy | undefined;

  constructor(
    code: 'http_request_denied' | 'connection_limit_reached',
    message: string,
    { policy, ...options }: ProxyErrorOptions & { readonly policy?: LimitPolicy; readonly setting: string },
  ) {
    super(code, message, options);
    this.policy = policy;
  }
}

/** Seed: NotImplementedError. A chainer that does not say how it connects. */
export class NotImplementedError extends ProxyError {
  constructor(message: string) {
    super('proxy_internal_error', message);
  }
}

/**
 * A defect of the proxy or of a plugin: something was thrown that is no {@link ProxyError}. Its message may hold anything,
 * credentials and paths included, so it goes to the log only. Clients get the description of its code.
 */
export class DefectError extends ProxyError {
  constructor(cause: unknown) {
    super('proxy_internal_error', textOf(cause), { cause });
  }
}

/** Makes a ProxyError of whatever was thrown, because a plugin may throw anything. Never throws. */
export function toProxyError(error: unknown): ProxyError {
  return error instanceof ProxyError ? error : new DefectError(error);
}

function textOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? thrown.message : String(thrown);
  } catch {
    return 'Something was thrown that cannot be written as text.';
  }
}
