// Generated from the schema; after a change of that: npx node apps/proxy/src/config/generate-schema.ts
import type { Duration } from '@inband/chainers';
import type { Filter, Plugin } from '@inband/core';
import type { Size, WrittenByteRate, WrittenQuota, WrittenRate } from './written-values.ts';

/** A configuration as it is written. */
export interface ConfigInput {
  /** For editors. */
  $schema?: string | undefined;
  /**
   * Processes that share the listeners. "auto": one for each processor. The program only: not embedded.
   * @default 1
   */
  workers?: number | 'auto' | undefined;
  /**
   * How long the event loop of a worker may stall until the worker is replaced.
   * @default 2000
   */
  workerTimeout?: Duration | undefined;
  /**
   * How sockets are read and written: epoll (Linux), node (everywhere), auto (epoll where it works).
   * @default auto
   */
  transport?: 'auto' | 'node' | 'epoll' | undefined;
  /** What is logged, and how. */
  log?: LogInput | undefined;
  /** How the program ends. */
  shutdown?: ShutdownInput | undefined;
  /** How the configuration is replaced while the program runs. */
  reload?: ReloadInput | undefined;
  /** Certificates that are ordered and renewed by ACME. Off unless it is here. */
  acme?: AcmeInput | undefined;
  /** The admin API and its page. Off unless it is here. */
  admin?: AdminInput | undefined;
  /** Counts what the proxy does, for `admin` and programs that embed it. On where `admin` is. */
  metrics?: MetricsInput | undefined;
  /** What machines and workers share. Left out: workers share by the memory of their machine. */
  store?: StoreInput | undefined;
  /** The machines that act as one, by the store. */
  cluster?: ClusterInput | undefined;
  /** Traces of requests and tunnels by OpenTelemetry. */
  tracing?: TracingInput | undefined;
  /** Names for addresses. */
  zones?: Record<string, string[] | ZoneInput> | undefined;
  /** Packages, or modules relative to this file, that provide plugins. */
  plugins?: (string | Plugin)[] | undefined;
  /** How names are resolved to addresses. */
  resolver?: ResolverInput | undefined;
  /** Server connections kept for reuse. */
  serverPool?: ServerPoolInput | undefined;
  /** How much clients may ask for, whatever their requests. */
  limits?: LimitsInput | undefined;
  /** Where clients are accepted. */
  listeners: ListenerInput[];
  /** Chainers by a name, for several routes and chainers: all that have the name share one, with its pool. */
  chainers?: Record<string, ChainerInput> | undefined;
  /** What clients get. */
  services: Record<string, ServiceInput>;
}

/** What is logged, and how. */
export interface LogInput {
  /**
   * The least severe messages that are logged. Does not concern access lines.
   * @default info
   */
  level?: 'debug' | 'info' | 'warn' | 'error' | 'silent' | undefined;
  /**
   * One line for every request and every tunnel.
   * @default true
   */
  access?: boolean | undefined;
  /**
   * How lines are written. auto: text on a terminal, else json.
   * @default auto
   */
  format?: 'auto' | 'json' | 'text' | 'common' | 'combined' | 'squid' | undefined;
  /** The file of the log, instead of standard output. Relative to this file. */
  file?: string | undefined;
  /** Where the log is sent by syslog, instead of standard output. */
  syslog?: LogSyslogInput | undefined;
  /** Of what went well, only a sample has access lines. */
  sample?: LogSampleInput | undefined;
  /** Requests that took so long, and tunnels so long to connect, are a message, too. */
  slow?: Duration | undefined;
  /** When the file of the log is put aside and a new one begun. */
  rotate?: LogRotateInput | undefined;
  /** An access line, with fields in braces, instead of a format: "{client} {method} {target} {status}". */
  template?: string | undefined;
}

/** Where the log is sent by syslog, instead of standard output. */
export interface LogSyslogInput {
  /**
   * Where syslog listens: "unix:/dev/log", "udp://host:514" or "tcp://host:601".
   * @default unix:/dev/log
   */
  address?: string | undefined;
  /**
   * The part of the system that syslog files it under.
   * @default daemon
   */
  facility?:
    | 'kern'
    | 'user'
    | 'mail'
    | 'daemon'
    | 'auth'
    | 'syslog'
    | 'lpr'
    | 'news'
    | 'uucp'
    | 'cron'
    | 'authpriv'
    | 'ftp'
    | 'local0'
    | 'local1'
    | 'local2'
    | 'local3'
    | 'local4'
    | 'local5'
    | 'local6'
    | 'local7'
    | undefined;
  /**
   * The name of the program in each message.
   * @default inband
   */
  tag?: string | undefined;
}

/** Of what went well, only a sample has access lines. */
export interface LogSampleInput {
  /**
   * The share of accepted sessions that have a line, 0 to 1.
   * @default 1
   */
  accepted?: number | undefined;
}

/** When the file of the log is put aside and a new one begun. */
export interface LogRotateInput {
  /** Bytes from which the file is put aside. */
  size?: Size | undefined;
  /** Time after which the file is put aside. */
  age?: Duration | undefined;
  /**
   * How many files that were put aside are kept.
   * @default 7
   */
  keep?: number | undefined;
}

/** How the program ends. */
export interface ShutdownInput {
  /**
   * Time for what is running to finish, after SIGTERM.
   * @default 30s
   */
  grace?: Duration | undefined;
  /** The same for tunnels and WebSockets. Left out: as long as grace. */
  tunnels?: Duration | undefined;
  /**
   * Whether clients are still accepted meanwhile. close: for load balancers that notice a closed port.
   * @default keep
   */
  listen?: 'keep' | 'close' | undefined;
}

/** How the configuration is replaced while the program runs. */
export interface ReloadInput {
  /**
   * Whether a change of the file is a reason to reload, beside SIGHUP.
   * @default false
   */
  watch?: boolean | undefined;
  /**
   * Time for the sessions of a configuration that was replaced; then they are closed.
   * @default 24h
   */
  maxAge?: Duration | undefined;
}

/** Certificates that are ordered and renewed by ACME. Off unless it is here. */
export interface AcmeInput {
  /** The CA: the URL of its ACME directory. Who sets it accepts the terms of the CA. */
  directory: string;
  /** Where the CA may write to. */
  email?: string | undefined;
  /** A certificate for each. A list within the list: one certificate for several names. */
  hosts?: (string | string[])[] | undefined;
  /**
   * How the CA sees that they are ours: at port 443, at port 80, or (wildcards, too) in the DNS, by a plugin.
   * @default tls-alpn-01
   */
  challenge?: 'http-01' | 'tls-alpn-01' | AcmeDnsInput | undefined;
  /** The folder where account and certificates are kept. Relative to this file. */
  state: string;
  /** Whom to trust for the server of the CA itself (PEM), in place of the usual authorities. */
  ca?: string | undefined;
  /** One of the profiles of the CA, such as "shortlived". */
  profile?: string | undefined;
  /** For a CA that has accounts only for its customers (external account binding). */
  eab?: AcmeEabInput | undefined;
  /** Certificates that are ordered when a client asks for a name the first time. */
  onDemand?: AcmeOnDemandInput | undefined;
}

/** For a CA that has accounts only for its customers (external account binding). */
export interface AcmeEabInput {
  /** The name of the account that the CA knows. */
  kid: string;
  /** Its key, in base64url, as the CA gives it. */
  hmacKey: string;
}

/** Certificates that are ordered when a client asks for a name the first time. */
export interface AcmeOnDemandInput {
  /** For these names, and one label below those that begin with "*.". For no others. */
  allow: string[];
  /**
   * New names within an hour.
   * @default 30
   */
  perHour?: number | undefined;
}

/** The admin API and its page. Off unless it is here. */
export interface AdminInput {
  /** Where it listens: "127.0.0.1:9901", "unix:/path", … */
  bind: string;
  /** Of a unix socket: the mode of its file, in quotes. Default: "0600". */
  mode?: string | undefined;
  /** Of a unix socket: who owns its file. */
  user?: number | string | undefined;
  /** Of a unix socket: the group of its file. */
  group?: number | string | undefined;
  /**
   * The role of those without a token. Default, without tokens and oidc: change on a unix socket, read else; with them:
   * none.
   */
  anonymous?: 'none' | 'read' | 'operate' | 'change' | undefined;
  /** Who may ask, by a name that the log shows. */
  tokens?: Record<string, AdminTokenInput> | undefined;
  /** Its certificate. The files are read again at every reload. */
  tls?: AdminTlsInput | undefined;
  /** Accept the tokens of an OpenID provider, too. */
  oidc?: AdminOidcInput | undefined;
  /** Names by which clients call it, beside addresses and "localhost". Others are refused (DNS rebinding). */
  hosts?: string | string[] | undefined;
}

/** Who may ask, by a name that the log shows. */
export interface AdminTokenInput {
  /** read: see everything. operate: reload, drain, end sessions, too. change: everything. */
  role: 'read' | 'operate' | 'change';
  /** Of the token, which "inband admin token" makes: "sha256:…". */
  hash: string;
}

/** Its certificate. The files are read again at every reload. */
export interface AdminTlsInput {
  /** The file of the certificate and its chain (PEM), relative to this file. */
  cert: string;
  /** The file of its key (PEM). */
  key: string;
}

/** Accept the tokens of an OpenID provider, too. */
export interface AdminOidcInput {
  /** The OpenID provider, as in the "iss" of its tokens. */
  issuer: string;
  /** What has to be in the "aud" of a token. */
  audience: string;
  /** Where its keys are. Default: as its discovery document says. */
  jwks?: string | undefined;
  /**
   * The claim with the roles: a text or a list. Dots lead into objects: "realm_access.roles".
   * @default roles
   */
  claim?: string | undefined;
  /** What a value of the claim stands for. Of several the highest counts. */
  roles: Record<string, 'read' | 'operate' | 'change'>;
}

/** Counts what the proxy does, for `admin` and programs that embed it. On where `admin` is. */
export interface MetricsInput {
  /**
   * How many hosts have counters of their own: those that most requests go to. 0: none.
   * @default 0
   */
  hosts?: number | undefined;
  /**
   * Whether each route has counters of its own. Without them the label "route" is empty.
   * @default true
   */
  routes?: boolean | undefined;
}

/** What machines and workers share. Left out: workers share by the memory of their machine. */
export interface StoreInput {
  /** memory: of this machine. redis: Valkey or Redis. nats: NATS with JetStream. */
  type: 'memory' | 'redis' | 'nats';
  /**
   * Where it is: "rediss://limits.internal:6379" (TLS), "redis://…", "unix:/run/valkey.sock"; "nats://…", "tls://…".
   */
  url?: string | undefined;
  /** Instead of url: addresses of a Cluster of Redis, of its Sentinels (with master), or of servers of NATS. */
  servers?: string[] | undefined;
  /** The name by which the Sentinels know the server. */
  master?: string | undefined;
  /** The user as whom it is asked. */
  user?: string | undefined;
  /** The password of that user, or a mapping with the file in which it stands. */
  password?: string | StorePasswordInput | undefined;
  /** For NATS: a token, in place of user and password, or a mapping with the file in which it stands. */
  token?: string | StoreTokenInput | undefined;
  /** Whether and how TLS is spoken with "servers"; how, with a URL that says whether. */
  tls?: boolean | StoreTlsInput | undefined;
  /**
   * What all keys in it begin with, before the name of the cluster.
   * @default inband
   */
  key?: string | undefined;
  /**
   * How long an answer of it is waited for. No request waits.
   * @default 50ms
   */
  deadline?: Duration | undefined;
  /**
   * What limits are while it does not answer: divided among the last known members, none, or nothing passes.
   * @default local
   */
  away?: 'local' | 'open' | 'closed' | undefined;
}

/** The password of that user, or a mapping with the file in which it stands. */
export interface StorePasswordInput {
  /** The file in whose first and only line it stands. Relative to this file. */
  file: string;
}

/** For NATS: a token, in place of user and password, or a mapping with the file in which it stands. */
export interface StoreTokenInput {
  /** The file in whose first and only line it stands. Relative to this file. */
  file: string;
}

/** Whether and how TLS is spoken with "servers"; how, with a URL that says whether. */
export interface StoreTlsInput {
  /** Whom to trust (PEM), in place of the usual authorities. Relative to this file. */
  ca?: string | undefined;
  /** Our certificate (PEM), for a store that asks for one. */
  cert?: string | undefined;
  /** The key of that (PEM). Left out: it is in the file of the certificate. */
  key?: string | undefined;
  /** The name that the certificate of the store has, where it is another than its host. */
  servername?: string | undefined;
}

/** The machines that act as one, by the store. */
export interface ClusterInput {
  /**
   * Machines with the same name and the same store are one cluster.
   * @default default
   */
  name?: string | undefined;
  /** The name of this machine in it, which no other may have. Default: the name of the host. */
  member?: string | undefined;
  /** By what secrets are encrypted before they go to the store. Without it none goes there. */
  secret?: ClusterSecretInput | undefined;
  /** The folder for what this machine remembers of the cluster, for starts without the store. Relative to this file. */
  state?: string | undefined;
}

/** By what secrets are encrypted before they go to the store. Without it none goes there. */
export interface ClusterSecretInput {
  /**
   * A file of 32 random bytes or more, the same on all machines. Of several, the first one encrypts, and all of them
   * decrypt. Relative to this file.
   */
  file: string | string[];
}

/** Traces of requests and tunnels by OpenTelemetry. */
export interface TracingInput {
  /**
   * A module that registers an SDK of OpenTelemetry: a package, or a path relative to this file. Left out: something
   * else has registered one.
   */
  sdk?: string | undefined;
  /** Clients whose traces are gone on with: zones, addresses or CIDRs. Left out: none. */
  trust?: string | string[] | undefined;
  /**
   * Whether servers get traceparent and tracestate, with the span of the request as parent.
   * @default true
   */
  propagate?: boolean | undefined;
}

/** Names for addresses. */
export interface ZoneInput {
  /** CIDRs and addresses. */
  addresses?: string[] | undefined;
  /** Files of CIDRs, one a line; relative to this file. */
  file?: string | string[] | undefined;
  /** Names whose addresses are in the zone, kept up to date. */
  hosts?: string[] | undefined;
  /** The zone that this one belongs to, whatever its addresses. */
  parent?: string | undefined;
}

/** Server connections kept for reuse. */
export interface ServerPoolInput {
  /**
   * How long an idle server connection is kept.
   * @default 30s
   */
  idleTimeout?: Duration | undefined;
  /**
   * Idle connections kept to one server. With one more, the one that was used longest ago is closed.
   * @default 256
   */
  maxIdlePerServer?: number | undefined;
  /**
   * Idle connections kept in all. With one more, the one of any server that was used longest ago is closed.
   * @default 2048
   */
  maxIdle?: number | undefined;
}

/** How much clients may ask for, whatever their requests. */
export interface LimitsInput {
  /** Client connections in all. Default: by the limit of descriptors, with one for a server of each. */
  connections?: number | undefined;
  /** What one client may have. */
  perClient?: LimitsPerClientInput | undefined;
  /**
   * Memory for incomplete heads and pipelined requests, of all connections together.
   * @default 64MiB
   */
  partialHeads?: Size | undefined;
  /**
   * How long clients may come faster than they are accepted, until those that wait are reset.
   * @default 1000
   */
  overloadAfter?: Duration | 'never' | undefined;
}

/** What one client may have. */
export interface LimitsPerClientInput {
  /** Connections of one client address, or /64 of IPv6. */
  connections?: number | undefined;
}

/** Where clients are accepted. */
export interface ListenerInput {
  /**
   * Where to listen: "127.0.0.1:3128", "[::1]:3128", ":3128", "unix:/path", "unix:@name", or "systemd:name" for a
   * socket unit. Port 0: any free one.
   */
  bind: string;
  /** The service that its clients get. */
  service: string;
  /**
   * For intercepted connections: how they arrive. redirect: a REDIRECT rule sends them here; tproxy: a TPROXY rule
   * does.
   */
  transparent?: 'redirect' | 'tproxy' | undefined;
  /** Of a unix socket: the mode of its file, in quotes: "0660". */
  mode?: string | undefined;
  /** Of a unix socket: who owns its file. */
  user?: number | string | undefined;
  /** Of a unix socket: the group of its file. */
  group?: number | string | undefined;
  /** What clients may speak; their first byte tells. SOCKS is for services of mode forward. */
  accept?: ('http' | 'socks5' | 'socks4a')[] | undefined;
  /**
   * Connections of trustedProxies begin with a header of the PROXY protocol (v1 or v2), before TLS: required, or
   * optional.
   */
  proxyProtocol?: 'required' | 'optional' | ListenerProxyProtocolInput | undefined;
  /** Clients speak TLS, which ends here. */
  tls?: ListenerTlsInput | undefined;
}

/**
 * Connections of trustedProxies begin with a header of the PROXY protocol (v1 or v2), before TLS: required, or
 * optional.
 */
export interface ListenerProxyProtocolInput {
  /**
   * required: every connection begins with a header, and only trusted proxies may connect. optional: trusted proxies
   * may send one.
   */
  accept: 'required' | 'optional';
  /**
   * Time for the header, from the accepted connection.
   * @default 5s
   */
  timeout?: Duration | undefined;
}

/** Clients speak TLS, which ends here. */
export interface ListenerTlsInput {
  /** Certificates, chosen by the name that a client asks for. Their files are followed. */
  certificates?: ListenerTlsCertificateInput[] | undefined;
  /** The name whose certificate clients get that ask for another one, or for none. Left out: they are refused. */
  defaultCertificate?: string | undefined;
  /**
   * The lowest version of TLS that is spoken, in quotes.
   * @default 1.2
   */
  minVersion?: '1.2' | '1.3' | undefined;
  /** Ciphers of TLS 1.2 and suites of TLS 1.3, in the list format of OpenSSL. Default: DEFAULT:!kRSA. */
  ciphers?: string | undefined;
  /** Groups for the key exchange in order: X25519MLKEM768:X25519:secp256r1. Default: OpenSSL's. */
  groups?: string | undefined;
  /** Protocols that are agreed with clients that offer some (ALPN). */
  alpn?: ('http/1.1' | 'http/1.0')[] | undefined;
  /**
   * Whether clients are asked for a certificate. request: they may have none. require: they must have one.
   * @default off
   */
  clientAuth?: 'off' | 'request' | 'require' | undefined;
  /** Files of the authorities that sign certificates of clients (PEM). */
  ca?: string | string[] | undefined;
  /** Files of lists of revoked certificates (CRL, PEM), one of each authority. */
  crl?: string | string[] | undefined;
  /** What becomes of clients by the name that they ask for: rules, of which the first that matches decides. */
  match?: ListenerTlsMatchInput[] | undefined;
  /**
   * Time for the whole handshake, from the accepted connection.
   * @default 10s
   */
  handshakeTimeout?: Duration | undefined;
}

/** Certificates, chosen by the name that a client asks for. Their files are followed. */
export interface ListenerTlsCertificateInput {
  /** The file of a certificate, with its chain behind it (PEM), relative to this file. */
  cert?: string | undefined;
  /** The file of its key (PEM). Default: in the file of cert. */
  key?: string | undefined;
  /** A folder of certificates and keys, as certbot, Kubernetes and HAProxy have them. */
  dir?: string | undefined;
}

/** What becomes of clients by the name that they ask for: rules, of which the first that matches decides. */
export interface ListenerTlsMatchInput {
  /** Names that clients ask for: exact or "*.suffix". Left out: every client, with a name and without. */
  names?: string | string[] | undefined;
  /** A service with proxy tls, which gets the connection as it came. */
  pass?: string | undefined;
  /** TLS ends here, and this service gets what is in it. */
  terminate?: string | undefined;
  /** How the client is refused: by the alert unrecognized_name, or by a reset that says nothing. */
  refuse?: 'alert' | 'reset' | undefined;
}

/** What clients get. */
export interface ServiceInput {
  /**
   * What clients speak. tls: a guard that lets a tunnel go on only if it is TLS for the right host.
   * @default http
   */
  proxy?: 'http' | 'tls' | undefined;
  /** How clients find the proxy. Required for http. */
  mode?: 'forward' | 'reverse' | 'transparent' | undefined;
  /**
   * Proxies that are believed when they say who their client is, by X-Forwarded-For, Forwarded or the PROXY protocol.
   * Left out: nobody is.
   */
  trustedProxies?: string | string[] | ServiceTrustedProxiesInput | undefined;
  /** How clients say who they are: one way, or a list that is tried in order. Left out: they are not asked. */
  auth?: AuthInput | AuthInput[] | undefined;
  /** Who may go where. First match decides, then the safe defaults. */
  access?: ServiceAccessInput[] | undefined;
  /** How servers are reached. First match decides. Left out: one route that takes everything. */
  routes?: ServiceRouteInput[] | undefined;
  /**
   * Address translation. The first dnat and the first snat that match decide. Access rules are evaluated with the
   * result.
   */
  nat?: ServiceNatInput[] | undefined;
  /** How fields of requests and answers are changed. */
  fields?: ServiceFieldsInput | undefined;
  /** What looks at requests, answers and tunnels, in order, and may change them. */
  filters?: FilterInput[] | undefined;
  /** How much clients and users may ask of this service. */
  limits?: ServiceLimitsInput | undefined;
  /** Settings of the HTTP proxy. */
  http?: ServiceHttpInput | undefined;
  /** Settings of the TLS guard. */
  tls?: ServiceTlsInput | undefined;
}

/**
 * Proxies that are believed when they say who their client is, by X-Forwarded-For, Forwarded or the PROXY protocol.
 * Left out: nobody is.
 */
export interface ServiceTrustedProxiesInput {
  /** Zones, addresses or CIDRs of the proxies. Name the proxies, not the network that they are in. */
  from: string | string[];
  /**
   * Which field says who the client is. either: the one that is there; where both are, they must agree. none: only the
   * PROXY protocol does.
   * @default either
   */
  fields?: 'either' | 'x-forwarded-for' | 'forwarded' | 'none' | undefined;
  /**
   * The most trusted proxies one behind the other. A request that names more is refused.
   * @default 10
   */
  hops?: number | undefined;
}

/** Who may go where. First match decides, then the safe defaults. */
export interface ServiceAccessInput {
  /** Lets through what meets all of its conditions. */
  allow?: ServiceAccessAllowInput | undefined;
  /** Refuses what meets all of its conditions. */
  deny?: ServiceAccessDenyInput | undefined;
}

/** Lets through what meets all of its conditions. */
export interface ServiceAccessAllowInput {
  /** Zones, addresses or CIDRs of clients. */
  clients?: string | string[] | undefined;
  /** Zones, addresses or CIDRs of servers. The resolved address counts. */
  servers?: string | string[] | undefined;
  /** Host names as requested: exact, "*.suffix", or lists of them in files. */
  hosts?: string | HostFileInput | (string | HostFileInput)[] | undefined;
  /** Ports, or ranges such as "8000-8099". */
  ports?: number | string | (number | string)[] | undefined;
  /** Request methods. */
  methods?: string | string[] | undefined;
  /** Authenticated users, and the identities of client certificates. */
  users?: string | string[] | undefined;
  /** Groups, one of which the authenticated user must be in. */
  groups?: string | string[] | undefined;
  /** Client certificates: "any", or a name of theirs: URI, DNS name, e-mail address, "sha256:…". */
  certificates?: string | string[] | undefined;
  /** What the normalised path begins with, character by character; with a "*", what it is as a whole. */
  paths?: string | string[] | undefined;
  /**
   * Fields of the request, by their names. true: there is one; false: there is none; else a pattern of its value, or
   * several: "*" is any characters.
   */
  fields?: Record<string, boolean | string | string[]> | undefined;
  /**
   * Parameters of the query, by their names. true: there is one; false: there is none; else a pattern of its value, or
   * several: "*" is any characters.
   */
  query?: Record<string, boolean | string | string[]> | undefined;
  /**
   * Cookies, by their names. true: there is one; false: there is none; else a pattern of its value, or several: "*" is
   * any characters.
   */
  cookies?: Record<string, boolean | string | string[]> | undefined;
  /** Times of the week, or a list of them, one of which it must be. */
  when?: WeekTimesInput | WeekTimesInput[] | undefined;
  /** Shown to the client that is denied, and logged. */
  reason?: string | undefined;
}

/** Refuses what meets all of its conditions. */
export interface ServiceAccessDenyInput {
  /** Zones, addresses or CIDRs of clients. */
  clients?: string | string[] | undefined;
  /** Zones, addresses or CIDRs of servers. The resolved address counts. */
  servers?: string | string[] | undefined;
  /** Host names as requested: exact, "*.suffix", or lists of them in files. */
  hosts?: string | HostFileInput | (string | HostFileInput)[] | undefined;
  /** Ports, or ranges such as "8000-8099". */
  ports?: number | string | (number | string)[] | undefined;
  /** Request methods. */
  methods?: string | string[] | undefined;
  /** Authenticated users, and the identities of client certificates. */
  users?: string | string[] | undefined;
  /** Groups, one of which the authenticated user must be in. */
  groups?: string | string[] | undefined;
  /** Client certificates: "any", or a name of theirs: URI, DNS name, e-mail address, "sha256:…". */
  certificates?: string | string[] | undefined;
  /** What the normalised path begins with, character by character; with a "*", what it is as a whole. */
  paths?: string | string[] | undefined;
  /**
   * Fields of the request, by their names. true: there is one; false: there is none; else a pattern of its value, or
   * several: "*" is any characters.
   */
  fields?: Record<string, boolean | string | string[]> | undefined;
  /**
   * Parameters of the query, by their names. true: there is one; false: there is none; else a pattern of its value, or
   * several: "*" is any characters.
   */
  query?: Record<string, boolean | string | string[]> | undefined;
  /**
   * Cookies, by their names. true: there is one; false: there is none; else a pattern of its value, or several: "*" is
   * any characters.
   */
  cookies?: Record<string, boolean | string | string[]> | undefined;
  /** Times of the week, or a list of them, one of which it must be. */
  when?: WeekTimesInput | WeekTimesInput[] | undefined;
  /** Shown to the client that is denied, and logged. */
  reason?: string | undefined;
}

/** How servers are reached. First match decides. Left out: one route that takes everything. */
export interface ServiceRouteInput {
  /** All that is named must match. Left out: every request. */
  match?: ServiceRouteMatchInput | undefined;
  /** How the server is reached. Left out, in a service that is stacked in another: by what the other left. */
  chainer?: ChainerInput | string | undefined;
  /** Answered by the proxy itself, in place of a chainer. */
  respond?: ServiceRouteRespondInput | undefined;
  /** Sent elsewhere by the proxy itself, in place of a chainer. */
  redirect?: ServiceRouteRedirectInput | undefined;
  /** What the server sees in place of what the client asked for. */
  rewrite?: ServiceRouteRewriteInput | undefined;
  /** How fields are changed by this route, behind the rules of the service. */
  fields?: ServiceRouteFieldsInput | undefined;
}

/** All that is named must match. Left out: every request. */
export interface ServiceRouteMatchInput {
  /** Host name: exact, "*.suffix", or lists of them in files. */
  host?: string | HostFileInput | (string | HostFileInput)[] | undefined;
  /** Port of the target. */
  port?: number | number[] | undefined;
  /** What the normalised path begins with, character by character; with a "*", what it is as a whole. */
  path?: string | string[] | undefined;
  /**
   * Fields of the request, by their names. true: there is one; false: there is none; else a pattern of its value, or
   * several: "*" is any characters.
   */
  field?: Record<string, boolean | string | string[]> | undefined;
  /**
   * Parameters of the query, by their names. true: there is one; false: there is none; else a pattern of its value, or
   * several: "*" is any characters.
   */
  query?: Record<string, boolean | string | string[]> | undefined;
  /**
   * Cookies, by their names. true: there is one; false: there is none; else a pattern of its value, or several: "*" is
   * any characters.
   */
  cookie?: Record<string, boolean | string | string[]> | undefined;
  /** Times of the week, or a list of them, one of which it must be. */
  when?: WeekTimesInput | WeekTimesInput[] | undefined;
  /** Request method. */
  method?: string | string[] | undefined;
  /** Zone, address or CIDR of the client. */
  client?: string | string[] | undefined;
  /** Authenticated user, or identity of the client certificate. */
  user?: string | string[] | undefined;
}

/** Answered by the proxy itself, in place of a chainer. */
export interface ServiceRouteRespondInput {
  /**
   * The status, from 200 to 599.
   * @default 200
   */
  status?: number | undefined;
  /**
   * Fields by their names. Values may have variables, such as "{request.id}", or stand elsewhere: { file: /run/token },
   * { env: NAME }.
   */
  fields?: Record<string, string | ServiceRouteRespondFieldInput> | undefined;
  /** The content, as it is. text/plain in UTF-8, unless fields have a content-type. */
  body?: string | undefined;
}

/**
 * Fields by their names. Values may have variables, such as "{request.id}", or stand elsewhere: { file: /run/token }, {
 * env: NAME }.
 */
export interface ServiceRouteRespondFieldInput {
  /** The file in whose only line the value stands. It is followed. Relative to this file. */
  file?: string | undefined;
  /** The variable of the environment whose value it is, in place of a file. */
  env?: string | undefined;
  /** What stands in front of the value, such as "Bearer ". */
  prefix?: string | undefined;
  /**
   * Whether it is redacted in logs and views.
   * @default true
   */
  secret?: boolean | undefined;
}

/** Sent elsewhere by the proxy itself, in place of a chainer. */
export interface ServiceRouteRedirectInput {
  /**
   * 301 and 308 for ever, 302 and 307 for now; with 307 and 308 the method stays. 303: by GET.
   * @default 302
   */
  status?: 301 | 302 | 303 | 307 | 308 | undefined;
  /** Where to, with variables: "https://new.example{request.target}". */
  location: string;
}

/** What the server sees in place of what the client asked for. */
export interface ServiceRouteRewriteInput {
  /** What takes the place of the beginning of the path that match.path names. */
  path?: string | undefined;
  /** The host that the server sees, perhaps with a port. */
  host?: string | undefined;
  /**
   * Whether Location, Content-Location and Set-Cookie of answers are mapped back.
   * @default true
   */
  answers?: boolean | undefined;
}

/** How fields are changed by this route, behind the rules of the service. */
export interface ServiceRouteFieldsInput {
  /** How the fields of requests are changed, one rule after the other. */
  request?: ServiceRouteFieldsRequestInput[] | undefined;
  /** The same for answers of servers and routes. */
  response?: ServiceRouteFieldsResponseInput[] | undefined;
}

/** How the fields of requests are changed, one rule after the other. */
export interface ServiceRouteFieldsRequestInput {
  /** Gives fields these values, in place of all that have the name. */
  set?: Record<string, string | ServiceRouteFieldsRequestSetInput> | undefined;
  /** The same where there is no such field. */
  add?: Record<string, string | ServiceRouteFieldsRequestAddInput> | undefined;
  /** Adds a line behind those that have the name. */
  append?: Record<string, string | ServiceRouteFieldsRequestAppendInput> | undefined;
  /** Removes all fields with this name. */
  remove?: string | string[] | undefined;
  /** Gives fields another name; they keep their values. */
  rename?: Record<string, string> | undefined;
  /** Replaces what a pattern matches in values of fields. */
  replace?: Record<string, ServiceRouteFieldsRequestReplaceInput> | undefined;
  /** When the rule is applied: all conditions must be met. Left out: always. */
  when?: ServiceRouteFieldsRequestWhenInput | undefined;
}

/** Gives fields these values, in place of all that have the name. */
export interface ServiceRouteFieldsRequestSetInput {
  /** The file in whose only line the value stands. It is followed. Relative to this file. */
  file?: string | undefined;
  /** The variable of the environment whose value it is, in place of a file. */
  env?: string | undefined;
  /** What stands in front of the value, such as "Bearer ". */
  prefix?: string | undefined;
  /**
   * Whether it is redacted in logs and views.
   * @default true
   */
  secret?: boolean | undefined;
}

/** The same where there is no such field. */
export interface ServiceRouteFieldsRequestAddInput {
  /** The file in whose only line the value stands. It is followed. Relative to this file. */
  file?: string | undefined;
  /** The variable of the environment whose value it is, in place of a file. */
  env?: string | undefined;
  /** What stands in front of the value, such as "Bearer ". */
  prefix?: string | undefined;
  /**
   * Whether it is redacted in logs and views.
   * @default true
   */
  secret?: boolean | undefined;
}

/** Adds a line behind those that have the name. */
export interface ServiceRouteFieldsRequestAppendInput {
  /** The file in whose only line the value stands. It is followed. Relative to this file. */
  file?: string | undefined;
  /** The variable of the environment whose value it is, in place of a file. */
  env?: string | undefined;
  /** What stands in front of the value, such as "Bearer ". */
  prefix?: string | undefined;
  /**
   * Whether it is redacted in logs and views.
   * @default true
   */
  secret?: boolean | undefined;
}

/** Replaces what a pattern matches in values of fields. */
export interface ServiceRouteFieldsRequestReplaceInput {
  /** A regular expression in the syntax of RE2. Each match is replaced; "(?i)" in front ignores case. */
  pattern: string;
  /** What stands in the place of a match: "$1" to "$9" are groups, "$0" is the match, "$$" a dollar. */
  with: string;
}

/** When the rule is applied: all conditions must be met. Left out: always. */
export interface ServiceRouteFieldsRequestWhenInput {
  /**
   * Fields of the message: true where there is such a field, false where there is none, else a pattern of a value, or
   * several: "*" is any characters.
   */
  field?: Record<string, boolean | string | string[]> | undefined;
  /** The method of the request. */
  method?: string | string[] | undefined;
  /** What the normalised path of the request begins with; with a "*", what it is as a whole. */
  path?: string | string[] | undefined;
}

/** The same for answers of servers and routes. */
export interface ServiceRouteFieldsResponseInput {
  /** Gives fields these values, in place of all that have the name. */
  set?: Record<string, string | ServiceRouteFieldsResponseSetInput> | undefined;
  /** The same where there is no such field. */
  add?: Record<string, string | ServiceRouteFieldsResponseAddInput> | undefined;
  /** Adds a line behind those that have the name. */
  append?: Record<string, string | ServiceRouteFieldsResponseAppendInput> | undefined;
  /** Removes all fields with this name. */
  remove?: string | string[] | undefined;
  /** Gives fields another name; they keep their values. */
  rename?: Record<string, string> | undefined;
  /** Replaces what a pattern matches in values of fields. */
  replace?: Record<string, ServiceRouteFieldsResponseReplaceInput> | undefined;
  /** Whether the rule is for errors of the proxy, too. */
  always?: boolean | undefined;
  /** When the rule is applied: all conditions must be met. Left out: always. */
  when?: ServiceRouteFieldsResponseWhenInput | undefined;
}

/** Gives fields these values, in place of all that have the name. */
export interface ServiceRouteFieldsResponseSetInput {
  /** The file in whose only line the value stands. It is followed. Relative to this file. */
  file?: string | undefined;
  /** The variable of the environment whose value it is, in place of a file. */
  env?: string | undefined;
  /** What stands in front of the value, such as "Bearer ". */
  prefix?: string | undefined;
  /**
   * Whether it is redacted in logs and views.
   * @default true
   */
  secret?: boolean | undefined;
}

/** The same where there is no such field. */
export interface ServiceRouteFieldsResponseAddInput {
  /** The file in whose only line the value stands. It is followed. Relative to this file. */
  file?: string | undefined;
  /** The variable of the environment whose value it is, in place of a file. */
  env?: string | undefined;
  /** What stands in front of the value, such as "Bearer ". */
  prefix?: string | undefined;
  /**
   * Whether it is redacted in logs and views.
   * @default true
   */
  secret?: boolean | undefined;
}

/** Adds a line behind those that have the name. */
export interface ServiceRouteFieldsResponseAppendInput {
  /** The file in whose only line the value stands. It is followed. Relative to this file. */
  file?: string | undefined;
  /** The variable of the environment whose value it is, in place of a file. */
  env?: string | undefined;
  /** What stands in front of the value, such as "Bearer ". */
  prefix?: string | undefined;
  /**
   * Whether it is redacted in logs and views.
   * @default true
   */
  secret?: boolean | undefined;
}

/** Replaces what a pattern matches in values of fields. */
export interface ServiceRouteFieldsResponseReplaceInput {
  /** A regular expression in the syntax of RE2. Each match is replaced; "(?i)" in front ignores case. */
  pattern: string;
  /** What stands in the place of a match: "$1" to "$9" are groups, "$0" is the match, "$$" a dollar. */
  with: string;
}

/** When the rule is applied: all conditions must be met. Left out: always. */
export interface ServiceRouteFieldsResponseWhenInput {
  /**
   * Fields of the message: true where there is such a field, false where there is none, else a pattern of a value, or
   * several: "*" is any characters.
   */
  field?: Record<string, boolean | string | string[]> | undefined;
  /** The method of the request. */
  method?: string | string[] | undefined;
  /** What the normalised path of the request begins with; with a "*", what it is as a whole. */
  path?: string | string[] | undefined;
  /** The status of the answer. */
  status?: number | string | (number | string)[] | undefined;
}

/**
 * Address translation. The first dnat and the first snat that match decide. Access rules are evaluated with the result.
 */
export interface ServiceNatInput {
  /** Where connections go. Has exactly one of to, network, pool, embedIn and extractFrom. */
  dnat?: ServiceNatDnatInput | undefined;
  /** Where connections come from. Has exactly one of to, network and pool. */
  snat?: ServiceNatSnatInput | undefined;
}

/** Where connections go. Has exactly one of to, network, pool, embedIn and extractFrom. */
export interface ServiceNatDnatInput {
  /** Zones, addresses or CIDRs of clients. */
  clients?: string | string[] | undefined;
  /** Zones, addresses or CIDRs of servers: of dnat before, of snat after it. */
  servers?: string | string[] | undefined;
  /** Authenticated users, and the identities of client certificates. */
  users?: string | string[] | undefined;
  /** Groups, one of which the authenticated user must be in. */
  groups?: string | string[] | undefined;
  /** Ports of that address, or ranges. */
  ports?: number | string | (number | string)[] | undefined;
  /** One address, with or without a port. */
  to?: string | undefined;
  /** A network as long as the one in servers (dnat) or clients (snat): keeps host bits. */
  network?: string | undefined;
  /** Addresses and networks, of which each client always gets the same. */
  pool?: string | string[] | undefined;
  /** A NAT64 prefix: IPv4 servers are reached by IPv6 addresses in it. */
  embedIn?: string | undefined;
  /** A NAT64 prefix: servers in it are reached by the IPv4 address within. */
  extractFrom?: string | undefined;
}

/** Where connections come from. Has exactly one of to, network and pool. */
export interface ServiceNatSnatInput {
  /** Zones, addresses or CIDRs of clients. */
  clients?: string | string[] | undefined;
  /** Zones, addresses or CIDRs of servers: of dnat before, of snat after it. */
  servers?: string | string[] | undefined;
  /** Authenticated users, and the identities of client certificates. */
  users?: string | string[] | undefined;
  /** Groups, one of which the authenticated user must be in. */
  groups?: string | string[] | undefined;
  /** Ports of that address, or ranges. */
  ports?: number | string | (number | string)[] | undefined;
  /** One address, with or without a port. */
  to?: string | undefined;
  /** A network as long as the one in servers (dnat) or clients (snat): keeps host bits. */
  network?: string | undefined;
  /** Addresses and networks, of which each client always gets the same. */
  pool?: string | string[] | undefined;
}

/** How fields of requests and answers are changed. */
export interface ServiceFieldsInput {
  /** How the fields of requests are changed, one rule after the other. */
  request?: ServiceFieldsRequestInput[] | undefined;
  /** The same for answers of servers and routes. */
  response?: ServiceFieldsResponseInput[] | undefined;
}

/** How the fields of requests are changed, one rule after the other. */
export interface ServiceFieldsRequestInput {
  /** Gives fields these values, in place of all that have the name. */
  set?: Record<string, string | ServiceFieldsRequestSetInput> | undefined;
  /** The same where there is no such field. */
  add?: Record<string, string | ServiceFieldsRequestAddInput> | undefined;
  /** Adds a line behind those that have the name. */
  append?: Record<string, string | ServiceFieldsRequestAppendInput> | undefined;
  /** Removes all fields with this name. */
  remove?: string | string[] | undefined;
  /** Gives fields another name; they keep their values. */
  rename?: Record<string, string> | undefined;
  /** Replaces what a pattern matches in values of fields. */
  replace?: Record<string, ServiceFieldsRequestReplaceInput> | undefined;
  /** When the rule is applied: all conditions must be met. Left out: always. */
  when?: ServiceFieldsRequestWhenInput | undefined;
}

/** Gives fields these values, in place of all that have the name. */
export interface ServiceFieldsRequestSetInput {
  /** The file in whose only line the value stands. It is followed. Relative to this file. */
  file?: string | undefined;
  /** The variable of the environment whose value it is, in place of a file. */
  env?: string | undefined;
  /** What stands in front of the value, such as "Bearer ". */
  prefix?: string | undefined;
  /**
   * Whether it is redacted in logs and views.
   * @default true
   */
  secret?: boolean | undefined;
}

/** The same where there is no such field. */
export interface ServiceFieldsRequestAddInput {
  /** The file in whose only line the value stands. It is followed. Relative to this file. */
  file?: string | undefined;
  /** The variable of the environment whose value it is, in place of a file. */
  env?: string | undefined;
  /** What stands in front of the value, such as "Bearer ". */
  prefix?: string | undefined;
  /**
   * Whether it is redacted in logs and views.
   * @default true
   */
  secret?: boolean | undefined;
}

/** Adds a line behind those that have the name. */
export interface ServiceFieldsRequestAppendInput {
  /** The file in whose only line the value stands. It is followed. Relative to this file. */
  file?: string | undefined;
  /** The variable of the environment whose value it is, in place of a file. */
  env?: string | undefined;
  /** What stands in front of the value, such as "Bearer ". */
  prefix?: string | undefined;
  /**
   * Whether it is redacted in logs and views.
   * @default true
   */
  secret?: boolean | undefined;
}

/** Replaces what a pattern matches in values of fields. */
export interface ServiceFieldsRequestReplaceInput {
  /** A regular expression in the syntax of RE2. Each match is replaced; "(?i)" in front ignores case. */
  pattern: string;
  /** What stands in the place of a match: "$1" to "$9" are groups, "$0" is the match, "$$" a dollar. */
  with: string;
}

/** When the rule is applied: all conditions must be met. Left out: always. */
export interface ServiceFieldsRequestWhenInput {
  /**
   * Fields of the message: true where there is such a field, false where there is none, else a pattern of a value, or
   * several: "*" is any characters.
   */
  field?: Record<string, boolean | string | string[]> | undefined;
  /** The method of the request. */
  method?: string | string[] | undefined;
  /** What the normalised path of the request begins with; with a "*", what it is as a whole. */
  path?: string | string[] | undefined;
}

/** The same for answers of servers and routes. */
export interface ServiceFieldsResponseInput {
  /** Gives fields these values, in place of all that have the name. */
  set?: Record<string, string | ServiceFieldsResponseSetInput> | undefined;
  /** The same where there is no such field. */
  add?: Record<string, string | ServiceFieldsResponseAddInput> | undefined;
  /** Adds a line behind those that have the name. */
  append?: Record<string, string | ServiceFieldsResponseAppendInput> | undefined;
  /** Removes all fields with this name. */
  remove?: string | string[] | undefined;
  /** Gives fields another name; they keep their values. */
  rename?: Record<string, string> | undefined;
  /** Replaces what a pattern matches in values of fields. */
  replace?: Record<string, ServiceFieldsResponseReplaceInput> | undefined;
  /** Whether the rule is for errors of the proxy, too. */
  always?: boolean | undefined;
  /** When the rule is applied: all conditions must be met. Left out: always. */
  when?: ServiceFieldsResponseWhenInput | undefined;
}

/** Gives fields these values, in place of all that have the name. */
export interface ServiceFieldsResponseSetInput {
  /** The file in whose only line the value stands. It is followed. Relative to this file. */
  file?: string | undefined;
  /** The variable of the environment whose value it is, in place of a file. */
  env?: string | undefined;
  /** What stands in front of the value, such as "Bearer ". */
  prefix?: string | undefined;
  /**
   * Whether it is redacted in logs and views.
   * @default true
   */
  secret?: boolean | undefined;
}

/** The same where there is no such field. */
export interface ServiceFieldsResponseAddInput {
  /** The file in whose only line the value stands. It is followed. Relative to this file. */
  file?: string | undefined;
  /** The variable of the environment whose value it is, in place of a file. */
  env?: string | undefined;
  /** What stands in front of the value, such as "Bearer ". */
  prefix?: string | undefined;
  /**
   * Whether it is redacted in logs and views.
   * @default true
   */
  secret?: boolean | undefined;
}

/** Adds a line behind those that have the name. */
export interface ServiceFieldsResponseAppendInput {
  /** The file in whose only line the value stands. It is followed. Relative to this file. */
  file?: string | undefined;
  /** The variable of the environment whose value it is, in place of a file. */
  env?: string | undefined;
  /** What stands in front of the value, such as "Bearer ". */
  prefix?: string | undefined;
  /**
   * Whether it is redacted in logs and views.
   * @default true
   */
  secret?: boolean | undefined;
}

/** Replaces what a pattern matches in values of fields. */
export interface ServiceFieldsResponseReplaceInput {
  /** A regular expression in the syntax of RE2. Each match is replaced; "(?i)" in front ignores case. */
  pattern: string;
  /** What stands in the place of a match: "$1" to "$9" are groups, "$0" is the match, "$$" a dollar. */
  with: string;
}

/** When the rule is applied: all conditions must be met. Left out: always. */
export interface ServiceFieldsResponseWhenInput {
  /**
   * Fields of the message: true where there is such a field, false where there is none, else a pattern of a value, or
   * several: "*" is any characters.
   */
  field?: Record<string, boolean | string | string[]> | undefined;
  /** The method of the request. */
  method?: string | string[] | undefined;
  /** What the normalised path of the request begins with; with a "*", what it is as a whole. */
  path?: string | string[] | undefined;
  /** The status of the answer. */
  status?: number | string | (number | string)[] | undefined;
}

/** How much clients and users may ask of this service. */
export interface ServiceLimitsInput {
  /** Requests of the whole service, CONNECT among them. Beyond it they are refused, or wait. */
  requests?: WrittenRate | ServiceLimitsRequestsInput | undefined;
  /** New connections of the whole service. Beyond it they are reset. */
  newConnections?: WrittenRate | ServiceLimitsNewConnectionsInput | undefined;
  /** Connections of the whole service at one time. */
  connections?: number | undefined;
  /** Tunnels of the whole service at one time: CONNECT, SOCKS and upgrades. */
  tunnels?: number | undefined;
  /** Bytes per second each way of bodies and tunnels of the whole service, which are read no faster. */
  bandwidth?: WrittenByteRate | ServiceLimitsBandwidthInput | undefined;
  /** Bytes of bodies and tunnels of the whole service in a day, both ways together. Beyond it they end. */
  quota?: WrittenQuota | ServiceLimitsQuotaInput | undefined;
  /** What one client may have. */
  perClient?: ServiceLimitsPerClientInput | undefined;
  /** What one user may have who has authenticated, from whatever addresses. */
  perUser?: ServiceLimitsPerUserInput | undefined;
  /** Requests on one connection, which ends behind the last. */
  requestsPerConnection?: number | undefined;
  /** Requests beyond a rate wait for their turn. Left out: they are refused at once. */
  pause?: ServiceLimitsPauseInput | undefined;
  /** How fast clients must send bodies of requests, and take those of answers. */
  minimumRate?: WrittenByteRate | ServiceLimitsMinimumRateInput | undefined;
  /** Memory of bytes queued for peers that do not keep up, in all. Beyond it nothing more is read. */
  queued?: Size | undefined;
  /**
   * Bits of an IPv4 address that make one client.
   * @default 32
   */
  ipv4Prefix?: number | undefined;
  /**
   * Bits of an IPv6 address that make one client.
   * @default 64
   */
  ipv6Prefix?: number | undefined;
}

/** Requests of the whole service, CONNECT among them. Beyond it they are refused, or wait. */
export interface ServiceLimitsRequestsInput {
  /** How many in a second, a minute or an hour: 100/s, 50/m, 1000/h. */
  rate: WrittenRate;
  /** How many may come at once after a pause. Default: as many as in ten seconds. */
  burst?: number | undefined;
}

/** New connections of the whole service. Beyond it they are reset. */
export interface ServiceLimitsNewConnectionsInput {
  /** How many in a second, a minute or an hour: 100/s, 50/m, 1000/h. */
  rate: WrittenRate;
  /** How many may come at once after a pause. Default: as many as in ten seconds. */
  burst?: number | undefined;
}

/** Bytes per second each way of bodies and tunnels of the whole service, which are read no faster. */
export interface ServiceLimitsBandwidthInput {
  /** Bytes per second from clients. */
  in?: WrittenByteRate | undefined;
  /** Bytes per second to clients. */
  out?: WrittenByteRate | undefined;
}

/** Bytes of bodies and tunnels of the whole service in a day, both ways together. Beyond it they end. */
export interface ServiceLimitsQuotaInput {
  /** Bytes in a day. */
  bytes: WrittenQuota;
  /**
   * Whether bytes pass while what others have used is not known, because the store is away. They are counted
   * afterwards.
   * @default false
   */
  soft?: boolean | undefined;
}

/** What one client may have. */
export interface ServiceLimitsPerClientInput {
  /** Requests of one client, CONNECT among them. Beyond it they are refused, or wait. */
  requests?: WrittenRate | ServiceLimitsPerClientRequestsInput | undefined;
  /** New connections of one client. Beyond it they are reset. */
  newConnections?: WrittenRate | ServiceLimitsPerClientNewConnectionsInput | undefined;
  /** Connections of one client at one time. */
  connections?: number | undefined;
  /** Tunnels of one client at one time: CONNECT, SOCKS and upgrades. */
  tunnels?: number | undefined;
  /** Bytes per second each way of bodies and tunnels of one client, which are read no faster. */
  bandwidth?: WrittenByteRate | ServiceLimitsPerClientBandwidthInput | undefined;
  /** Bytes of bodies and tunnels of one client in a day, both ways together. Beyond it they end. */
  quota?: WrittenQuota | ServiceLimitsPerClientQuotaInput | undefined;
}

/** Requests of one client, CONNECT among them. Beyond it they are refused, or wait. */
export interface ServiceLimitsPerClientRequestsInput {
  /** How many in a second, a minute or an hour: 100/s, 50/m, 1000/h. */
  rate: WrittenRate;
  /** How many may come at once after a pause. Default: as many as in ten seconds. */
  burst?: number | undefined;
}

/** New connections of one client. Beyond it they are reset. */
export interface ServiceLimitsPerClientNewConnectionsInput {
  /** How many in a second, a minute or an hour: 100/s, 50/m, 1000/h. */
  rate: WrittenRate;
  /** How many may come at once after a pause. Default: as many as in ten seconds. */
  burst?: number | undefined;
}

/** Bytes per second each way of bodies and tunnels of one client, which are read no faster. */
export interface ServiceLimitsPerClientBandwidthInput {
  /** Bytes per second from clients. */
  in?: WrittenByteRate | undefined;
  /** Bytes per second to clients. */
  out?: WrittenByteRate | undefined;
}

/** Bytes of bodies and tunnels of one client in a day, both ways together. Beyond it they end. */
export interface ServiceLimitsPerClientQuotaInput {
  /** Bytes in a day. */
  bytes: WrittenQuota;
  /**
   * Whether bytes pass while what others have used is not known, because the store is away. They are counted
   * afterwards.
   * @default false
   */
  soft?: boolean | undefined;
}

/** What one user may have who has authenticated, from whatever addresses. */
export interface ServiceLimitsPerUserInput {
  /** Requests of one user, CONNECT among them. Beyond it they are refused, or wait. */
  requests?: WrittenRate | ServiceLimitsPerUserRequestsInput | undefined;
  /** New connections of one user. Beyond it they are reset. */
  newConnections?: WrittenRate | ServiceLimitsPerUserNewConnectionsInput | undefined;
  /** Connections of one user at one time. */
  connections?: number | undefined;
  /** Tunnels of one user at one time: CONNECT, SOCKS and upgrades. */
  tunnels?: number | undefined;
  /** Bytes per second each way of bodies and tunnels of one user, which are read no faster. */
  bandwidth?: WrittenByteRate | ServiceLimitsPerUserBandwidthInput | undefined;
  /** Bytes of bodies and tunnels of one user in a day, both ways together. Beyond it they end. */
  quota?: WrittenQuota | ServiceLimitsPerUserQuotaInput | undefined;
}

/** Requests of one user, CONNECT among them. Beyond it they are refused, or wait. */
export interface ServiceLimitsPerUserRequestsInput {
  /** How many in a second, a minute or an hour: 100/s, 50/m, 1000/h. */
  rate: WrittenRate;
  /** How many may come at once after a pause. Default: as many as in ten seconds. */
  burst?: number | undefined;
}

/** New connections of one user. Beyond it they are reset. */
export interface ServiceLimitsPerUserNewConnectionsInput {
  /** How many in a second, a minute or an hour: 100/s, 50/m, 1000/h. */
  rate: WrittenRate;
  /** How many may come at once after a pause. Default: as many as in ten seconds. */
  burst?: number | undefined;
}

/** Bytes per second each way of bodies and tunnels of one user, which are read no faster. */
export interface ServiceLimitsPerUserBandwidthInput {
  /** Bytes per second from clients. */
  in?: WrittenByteRate | undefined;
  /** Bytes per second to clients. */
  out?: WrittenByteRate | undefined;
}

/** Bytes of bodies and tunnels of one user in a day, both ways together. Beyond it they end. */
export interface ServiceLimitsPerUserQuotaInput {
  /** Bytes in a day. */
  bytes: WrittenQuota;
  /**
   * Whether bytes pass while what others have used is not known, because the store is away. They are counted
   * afterwards.
   * @default false
   */
  soft?: boolean | undefined;
}

/** Requests beyond a rate wait for their turn. Left out: they are refused at once. */
export interface ServiceLimitsPauseInput {
  /**
   * Who would have to wait longer is refused.
   * @default 5s
   */
  longest?: Duration | undefined;
  /**
   * Requests that wait at one time, at most.
   * @default 1000
   */
  waiting?: number | undefined;
}

/** How fast clients must send bodies of requests, and take those of answers. */
export interface ServiceLimitsMinimumRateInput {
  /** Bytes per second of a request body. */
  request?: WrittenByteRate | undefined;
  /** Bytes per second at which a client takes the body of an answer. */
  response?: WrittenByteRate | undefined;
  /**
   * The time over which the rate is measured, so that a short stall is no fault.
   * @default 10000
   */
  grace?: Duration | undefined;
}

/** Settings of the HTTP proxy. */
export interface ServiceHttpInput {
  /** Refuse also what cannot be misread, instead of passing or mending it. */
  strict?: boolean | undefined;
  /** Our name in Via. A request that carries it already is a loop. Default: inband- and six random letters. */
  via?: string | undefined;
  /**
   * Which fields tell servers about the client. Default: off in mode forward and transparent, x-forwarded in reverse.
   */
  forwarded?: 'off' | 'x-forwarded' | 'rfc7239' | undefined;
  /** Ports that CONNECT may go to. Default: any for clients on this machine, 80, 443, 8080 and 8443 for others. */
  connectPorts?: 'any' | number[] | undefined;
  /** In mode forward: whether the proxy shows at its own address how to use it, and has /proxy.pac there. */
  ownPages?: boolean | undefined;
  /** What /proxy.pac has browsers reach without the proxy: names, "*.suffix", addresses, CIDRs, zones, "<local>". */
  pacDirect?: string | string[] | undefined;
  /**
   * Templates of error pages for browsers, by code ("dns_error"), status ("403") or "default": files of HTML, relative
   * to this file.
   */
  errorPages?: Record<string, string> | undefined;
  /** Longest request line. */
  maxRequestLine?: Size | undefined;
  /** Largest head of a message, its first line included. */
  maxHeaderBytes?: Size | undefined;
  /** Most fields in a head. */
  maxHeaderFields?: number | undefined;
  /** Largest request content. Left out: no limit. */
  maxBody?: Size | undefined;
  /** For a whole head, from its first byte. */
  headerTimeout?: Duration | undefined;
  /** For the first byte of an intercepted client. */
  firstByteTimeout?: Duration | undefined;
  /** For a client connection between requests. */
  idleTimeout?: Duration | undefined;
  /** From a request to the first byte of its response. Default: 5m in mode forward and transparent, 60s in reverse. */
  responseTimeout?: Duration | undefined;
  /**
   * Without progress within a message. Default: 15m in mode forward and transparent, where a client may also pause; in
   * reverse 60s for a request and 5m for a response.
   */
  bodyTimeout?: Duration | undefined;
  /** For a response to begin once its client has finished sending, and so may be gone. */
  halfCloseTimeout?: Duration | undefined;
  /** For a tunnel in which nothing moves. */
  tunnelIdleTimeout?: Duration | undefined;
  /** For the rest of a tunnel once one side has finished sending, whatever trickles. */
  tunnelHalfCloseTimeout?: Duration | undefined;
}

/** Settings of the TLS guard. */
export interface ServiceTlsInput {
  /** Names that the ClientHello may ask for beside the host of the tunnel: exact or "*.suffix". */
  allow?: string | string[] | undefined;
  /** A ClientHello with an encrypted one in it, as browsers send to every server: pass or refuse. */
  ech?: 'pass' | 'refuse' | undefined;
  /** For the whole ClientHello, from the opening of the tunnel. */
  helloTimeout?: Duration | undefined;
  /** For a tunnel in which nothing moves. */
  tunnelIdleTimeout?: Duration | undefined;
  /** For the rest of a tunnel once one side has finished sending, whatever trickles. */
  tunnelHalfCloseTimeout?: Duration | undefined;
}

/** What every resolver has beside the options of its kind. */
export interface ResolverCommonInput {
  /** The cache in front of it. */
  cache?: ResolverCommonCacheInput | undefined;
  /** What may be looked up at once, whatever its type. */
  limits?: ResolverCommonLimitsInput | undefined;
}

/** The cache in front of it. */
export interface ResolverCommonCacheInput {
  /** Longest time that an answer is kept. */
  maxTtl?: Duration | undefined;
  /** Time that a failure is kept. */
  failureTtl?: Duration | undefined;
}

/** What may be looked up at once, whatever its type. */
export interface ResolverCommonLimitsInput {
  /** Look-ups that run at once, in all. Default 1024, or an eighth of the descriptors. */
  lookups?: number | undefined;
  /** Look-ups that run at once for one client. Default 128. */
  lookupsPerClient?: number | undefined;
  /** Look-ups in the queue, in all. Default 4096. */
  waiting?: number | undefined;
  /** Look-ups of one client in the queue. Default 1024. */
  waitingPerClient?: number | undefined;
  /** Longest time in the queue. Default 10s. */
  waitTimeout?: Duration | undefined;
}

/** Connects always to the same server; host and port of the request are not used. */
export interface DirectedChainerInput {
  /**
   * A server: host:port, [IPv6]:port, unix:/path, or https://host for one that speaks TLS. A name is resolved whenever
   * a connection is made. Port 0: the port that the client addressed.
   */
  remote: string;
  /** Local address of connections to servers: 192.0.2.1, 192.0.2.1:0 or [2001:db8::1]:0. Excludes forgeAddr. */
  local?: string | undefined;
  /**
   * Connect to servers from the client's own address. Excludes local; needs Linux, epoll and CAP_NET_ADMIN.
   * @default false
   */
  forgeAddr?: boolean | undefined;
  /**
   * Tell servers about the client by a header of the PROXY protocol of that version, before TLS. Connections are then
   * reused for clients of the same address alone.
   */
  proxyProtocol?: 'v1' | 'v2' | undefined;
  /**
   * Longest time for one attempt to connect to one address: 500ms, 10s, 5m, or milliseconds.
   * @default 10s
   */
  connectTimeout?: Duration | undefined;
  /**
   * TLS to servers: true, or a mapping with how they are verified. By default it is spoken to those that are written
   * with https://.
   */
  tls?: boolean | DirectedChainerTlsInput | undefined;
}

/**
 * TLS to servers: true, or a mapping with how they are verified. By default it is spoken to those that are written with
 * https://.
 */
export interface DirectedChainerTlsInput {
  /**
   * Whether the server's certificate must lead to an authority that is trusted, and be issued for its name. Without it,
   * only pins are compared.
   * @default true
   */
  verify?: boolean | undefined;
  /**
   * The name or IP address that certificates of servers must be issued for. A name is sent to them (SNI). By default
   * the one by which each is known here, or that the client asked for.
   */
  servername?: string | undefined;
  /** Files (PEM) of the authorities that are trusted. By default those that Node trusts. */
  ca?: string | string[] | undefined;
  /**
   * Files (PEM) of lists of revoked certificates (CRL). With one, each authority of a chain needs a list, and none may
   * be out of date.
   */
  crl?: string | string[] | undefined;
  /** The file (PEM) of a certificate with its chain, for servers that ask for one. */
  cert?: string | undefined;
  /** The file (PEM) of its key. By default it is in the file of the certificate. */
  key?: string | undefined;
  /** The public keys that a server may have: "sha256/" and the SHA-256 of each (SPKI) in base64. */
  pin?: string[] | undefined;
  /**
   * The lowest version of TLS that is spoken.
   * @default 1.2
   */
  minVersion?: '1.2' | '1.3' | undefined;
}

/**
 * Connects by the proxies that the environment names in http_proxy, https_proxy, all_proxy and no_proxy, as curl reads
 * them.
 */
export interface EnvironmentChainerInput {
  /** Local address of connections to servers: 192.0.2.1, 192.0.2.1:0 or [2001:db8::1]:0. Excludes forgeAddr. */
  local?: string | undefined;
  /**
   * Longest time for one attempt to connect to one address: 500ms, 10s, 5m, or milliseconds.
   * @default 10s
   */
  connectTimeout?: Duration | undefined;
  /**
   * TLS to servers: true, or a mapping with how they are verified. By default it is spoken to those that are written
   * with https://.
   */
  tls?: boolean | EnvironmentChainerTlsInput | undefined;
}

/**
 * TLS to servers: true, or a mapping with how they are verified. By default it is spoken to those that are written with
 * https://.
 */
export interface EnvironmentChainerTlsInput {
  /**
   * Whether the server's certificate must lead to an authority that is trusted, and be issued for its name. Without it,
   * only pins are compared.
   * @default true
   */
  verify?: boolean | undefined;
  /**
   * The name or IP address that certificates of servers must be issued for. A name is sent to them (SNI). By default
   * the one by which each is known here, or that the client asked for.
   */
  servername?: string | undefined;
  /** Files (PEM) of the authorities that are trusted. By default those that Node trusts. */
  ca?: string | string[] | undefined;
  /**
   * Files (PEM) of lists of revoked certificates (CRL). With one, each authority of a chain needs a list, and none may
   * be out of date.
   */
  crl?: string | string[] | undefined;
  /** The file (PEM) of a certificate with its chain, for servers that ask for one. */
  cert?: string | undefined;
  /** The file (PEM) of its key. By default it is in the file of the certificate. */
  key?: string | undefined;
  /** The public keys that a server may have: "sha256/" and the SHA-256 of each (SPKI) in base64. */
  pin?: string[] | undefined;
  /**
   * The lowest version of TLS that is spoken.
   * @default 1.2
   */
  minVersion?: '1.2' | '1.3' | undefined;
}

/** Tries several servers until one accepts, and remembers for a while which of them failed. */
export interface FailoverChainerInput {
  /** The servers to try. One that stands there twice gets twice the share of the connections. */
  hosts: string[];
  /**
   * rotate: each connection begins with the next server. sticky: all stay on one until it fails.
   * @default rotate
   */
  policy?: 'rotate' | 'sticky' | undefined;
  /**
   * How long a server that failed is skipped while another is up: 500ms, 10s, 5m, or milliseconds.
   * @default 60s
   */
  stateTimeout?: Duration | undefined;
  /** Local address of connections to servers: 192.0.2.1, 192.0.2.1:0 or [2001:db8::1]:0. Excludes forgeAddr. */
  local?: string | undefined;
  /**
   * Connect to servers from the client's own address. Excludes local; needs Linux, epoll and CAP_NET_ADMIN.
   * @default false
   */
  forgeAddr?: boolean | undefined;
  /**
   * Tell servers about the client by a header of the PROXY protocol of that version, before TLS. Connections are then
   * reused for clients of the same address alone.
   */
  proxyProtocol?: 'v1' | 'v2' | undefined;
  /**
   * Longest time for one attempt to connect to one address: 500ms, 10s, 5m, or milliseconds.
   * @default 10s
   */
  connectTimeout?: Duration | undefined;
  /**
   * TLS to servers: true, or a mapping with how they are verified. By default it is spoken to those that are written
   * with https://.
   */
  tls?: boolean | FailoverChainerTlsInput | undefined;
}

/**
 * TLS to servers: true, or a mapping with how they are verified. By default it is spoken to those that are written with
 * https://.
 */
export interface FailoverChainerTlsInput {
  /**
   * Whether the server's certificate must lead to an authority that is trusted, and be issued for its name. Without it,
   * only pins are compared.
   * @default true
   */
  verify?: boolean | undefined;
  /**
   * The name or IP address that certificates of servers must be issued for. A name is sent to them (SNI). By default
   * the one by which each is known here, or that the client asked for.
   */
  servername?: string | undefined;
  /** Files (PEM) of the authorities that are trusted. By default those that Node trusts. */
  ca?: string | string[] | undefined;
  /**
   * Files (PEM) of lists of revoked certificates (CRL). With one, each authority of a chain needs a list, and none may
   * be out of date.
   */
  crl?: string | string[] | undefined;
  /** The file (PEM) of a certificate with its chain, for servers that ask for one. */
  cert?: string | undefined;
  /** The file (PEM) of its key. By default it is in the file of the certificate. */
  key?: string | undefined;
  /** The public keys that a server may have: "sha256/" and the SHA-256 of each (SPKI) in base64. */
  pin?: string[] | undefined;
  /**
   * The lowest version of TLS that is spoken.
   * @default 1.2
   */
  minVersion?: '1.2' | '1.3' | undefined;
}

/** Connects to the host and port that the client asked for. */
export interface InbandChainerInput {
  /** Local address of connections to servers: 192.0.2.1, 192.0.2.1:0 or [2001:db8::1]:0. Excludes forgeAddr. */
  local?: string | undefined;
  /**
   * Connect to servers from the client's own address. Excludes local; needs Linux, epoll and CAP_NET_ADMIN.
   * @default false
   */
  forgeAddr?: boolean | undefined;
  /**
   * Tell servers about the client by a header of the PROXY protocol of that version, before TLS. Connections are then
   * reused for clients of the same address alone.
   */
  proxyProtocol?: 'v1' | 'v2' | undefined;
  /**
   * Longest time for one attempt to connect to one address: 500ms, 10s, 5m, or milliseconds.
   * @default 10s
   */
  connectTimeout?: Duration | undefined;
  /**
   * TLS to servers: true, or a mapping with how they are verified. By default it is spoken to those that are written
   * with https://.
   */
  tls?: boolean | InbandChainerTlsInput | undefined;
}

/**
 * TLS to servers: true, or a mapping with how they are verified. By default it is spoken to those that are written with
 * https://.
 */
export interface InbandChainerTlsInput {
  /**
   * Whether the server's certificate must lead to an authority that is trusted, and be issued for its name. Without it,
   * only pins are compared.
   * @default true
   */
  verify?: boolean | undefined;
  /**
   * The name or IP address that certificates of servers must be issued for. A name is sent to them (SNI). By default
   * the one by which each is known here, or that the client asked for.
   */
  servername?: string | undefined;
  /** Files (PEM) of the authorities that are trusted. By default those that Node trusts. */
  ca?: string | string[] | undefined;
  /**
   * Files (PEM) of lists of revoked certificates (CRL). With one, each authority of a chain needs a list, and none may
   * be out of date.
   */
  crl?: string | string[] | undefined;
  /** The file (PEM) of a certificate with its chain, for servers that ask for one. */
  cert?: string | undefined;
  /** The file (PEM) of its key. By default it is in the file of the certificate. */
  key?: string | undefined;
  /** The public keys that a server may have: "sha256/" and the SHA-256 of each (SPKI) in base64. */
  pin?: string[] | undefined;
  /**
   * The lowest version of TLS that is spoken.
   * @default 1.2
   */
  minVersion?: '1.2' | '1.3' | undefined;
}

/** Picks up the server side from the proxy in which this one is stacked. */
export interface NoneChainerInput {}

/**
 * Asks a proxy auto-configuration (PAC) file by which parents, in which order, or directly what a client asks for is
 * reached.
 */
export interface PacChainerInput {
  /** A PAC file, which is read again when it changes. */
  file?: string | undefined;
  /** The http or https URL of a PAC file. Redirects are not followed. */
  url?: string | undefined;
  /**
   * How often url is fetched again: 30s, 5m, or milliseconds.
   * @default 5m
   */
  refresh?: Duration | undefined;
  /**
   * How this proxy logs in at the parents that the file names, whichever they are: give it only to a file that comes
   * from where nobody can change it.
   */
  auth?: PacChainerAuthInput | undefined;
  /**
   * Who resolves the names that clients ask for behind parents: the parent, or this proxy.
   * @default remote
   */
  resolve?: 'remote' | 'local' | undefined;
  /**
   * How long a parent that failed is tried after the others: 500ms, 10s, 5m, or milliseconds.
   * @default 60s
   */
  stateTimeout?: Duration | undefined;
  /** Local address of connections to servers: 192.0.2.1, 192.0.2.1:0 or [2001:db8::1]:0. Excludes forgeAddr. */
  local?: string | undefined;
  /**
   * Longest time for one attempt to connect to one address: 500ms, 10s, 5m, or milliseconds.
   * @default 10s
   */
  connectTimeout?: Duration | undefined;
  /**
   * TLS to servers: true, or a mapping with how they are verified. By default it is spoken to those that are written
   * with https://.
   */
  tls?: boolean | PacChainerTlsInput | undefined;
}

/**
 * How this proxy logs in at the parents that the file names, whichever they are: give it only to a file that comes from
 * where nobody can change it.
 */
export interface PacChainerAuthInput {
  /** The user that this proxy is at the parents. */
  user?: string | undefined;
  /** The password of that user. Written as "${PARENT_PASSWORD}" it stands in no file. */
  password?: string | undefined;
  /** Instead of password: the file in whose first and only line it stands. */
  passwordFile?: string | undefined;
  /**
   * How it logs in at HTTP parents. Default: basic, or digest where a parent takes nothing else. negotiate: by the
   * Kerberos tickets of this process, or those of the user (its principal); needs the npm package kerberos.
   */
  scheme?: 'basic' | 'digest' | 'negotiate' | undefined;
  /** Instead of a user: a token for HTTP parents (Bearer, RFC 6750). */
  token?: string | undefined;
  /** Instead of token: the file in whose first and only line it stands. */
  tokenFile?: string | undefined;
}

/**
 * TLS to servers: true, or a mapping with how they are verified. By default it is spoken to those that are written with
 * https://.
 */
export interface PacChainerTlsInput {
  /**
   * Whether the server's certificate must lead to an authority that is trusted, and be issued for its name. Without it,
   * only pins are compared.
   * @default true
   */
  verify?: boolean | undefined;
  /**
   * The name or IP address that certificates of servers must be issued for. A name is sent to them (SNI). By default
   * the one by which each is known here, or that the client asked for.
   */
  servername?: string | undefined;
  /** Files (PEM) of the authorities that are trusted. By default those that Node trusts. */
  ca?: string | string[] | undefined;
  /**
   * Files (PEM) of lists of revoked certificates (CRL). With one, each authority of a chain needs a list, and none may
   * be out of date.
   */
  crl?: string | string[] | undefined;
  /** The file (PEM) of a certificate with its chain, for servers that ask for one. */
  cert?: string | undefined;
  /** The file (PEM) of its key. By default it is in the file of the certificate. */
  key?: string | undefined;
  /** The public keys that a server may have: "sha256/" and the SHA-256 of each (SPKI) in base64. */
  pin?: string[] | undefined;
  /**
   * The lowest version of TLS that is spoken.
   * @default 1.2
   */
  minVersion?: '1.2' | '1.3' | undefined;
}

/** Connects by other proxies: HTTP, or SOCKS. */
export interface ParentChainerInput {
  /** What parents are asked by. https: as http, over TLS to the parent. */
  protocol: 'http' | 'https' | 'socks4a' | 'socks5';
  /** How this proxy logs in at the parents. "pass": each client does so by itself, with its own Proxy-Authorization. */
  auth?: 'pass' | ParentChainerAuthInput | undefined;
  /**
   * Who resolves the names that clients ask for: the parent, and then policy knows the name alone; or this proxy, and
   * then also plain requests go through a tunnel, to an address.
   * @default remote
   */
  resolve?: 'remote' | 'local' | undefined;
  /** A chainer whose connections go through the parent. By default the parent connects to the target. */
  then?: ChainerInput | string | undefined;
  /**
   * The servers, each once: an address, a mapping with an address and what is particular about it, or where they are
   * found: srv, file, or a type that a plugin brings. Each address of a name is a server.
   */
  servers: (
    | string
    | ParentChainerServerInput
    | ParentChainerServerSrvInput
    | ParentChainerServerFileInput
    | DiscoveryInput
  )[];
  /**
   * How a server is chosen. p2c: of two that are drawn by weight the one with fewer sessions. least-connections,
   * round-robin, random, latency: what they say. hash: the same one for what has the same part.
   */
  balance?: 'p2c' | 'round-robin' | 'least-connections' | 'latency' | 'random' | ParentChainerBalanceInput | undefined;
  /** When a server that fails is taken out, by what happens to its sessions. */
  eject?: ParentChainerEjectInput | undefined;
  /** Looks at each server, whether or not there are sessions. */
  check?: ParentChainerCheckInput | undefined;
  /**
   * Time in which a server that comes, or comes back, gets its full weight, from a tenth on. 0: at once.
   * @default 10s
   */
  slowStart?: Duration | undefined;
  /** Where this proxy is. Servers with the same zone are preferred while 70 % of their weight is up. */
  zone?: string | undefined;
  /** Uses only so many of the servers; which ones is different in each of many proxies, and stays. */
  subset?: number | ParentChainerSubsetInput | undefined;
  /**
   * Whether the instance is not ready (/health/ready) while no server of this pool is up.
   * @default false
   */
  required?: boolean | undefined;
  /** When a request is sent to another server. */
  retry?: ParentChainerRetryInput | undefined;
  /**
   * Sends GET and HEAD to a second server, too, when no answer has begun after the time in which 95 % (p95) of the
   * requests had theirs. The first answer counts. Charged to the budget of retry. Default: never.
   */
  hedge?: 'p90' | 'p95' | 'p99' | undefined;
  /** The most sessions that all servers together have at one time. Default: no limit. */
  maxConnections?: number | undefined;
  /** Sessions that wait while all servers have as many as they may have, in the order in which they came. */
  queue?: ParentChainerQueueInput | undefined;
  /** Local address of connections to servers: 192.0.2.1, 192.0.2.1:0 or [2001:db8::1]:0. Excludes forgeAddr. */
  local?: string | undefined;
  /**
   * Connect to servers from the client's own address. Excludes local; needs Linux, epoll and CAP_NET_ADMIN.
   * @default false
   */
  forgeAddr?: boolean | undefined;
  /**
   * Tell servers about the client by a header of the PROXY protocol of that version, before TLS. Connections are then
   * reused for clients of the same address alone.
   */
  proxyProtocol?: 'v1' | 'v2' | undefined;
  /**
   * Longest time for one attempt to connect to one address: 500ms, 10s, 5m, or milliseconds.
   * @default 10s
   */
  connectTimeout?: Duration | undefined;
  /**
   * TLS to servers: true, or a mapping with how they are verified. By default it is spoken to those that are written
   * with https://.
   */
  tls?: boolean | ParentChainerTlsInput | undefined;
}

/** How this proxy logs in at the parents. What clients log in with at this proxy stays here. */
export interface ParentChainerAuthInput {
  /** The user that this proxy is at the parents. */
  user?: string | undefined;
  /** The password of that user. Written as "${PARENT_PASSWORD}" it stands in no file. */
  password?: string | undefined;
  /** Instead of password: the file in whose first and only line it stands. */
  passwordFile?: string | undefined;
  /**
   * How it logs in at HTTP parents. Default: basic, or digest where a parent takes nothing else. negotiate: by the
   * Kerberos tickets of this process, or those of the user (its principal); needs the npm package kerberos.
   */
  scheme?: 'basic' | 'digest' | 'negotiate' | undefined;
  /** Instead of a user: a token for HTTP parents (Bearer, RFC 6750). */
  token?: string | undefined;
  /** Instead of token: the file in whose first and only line it stands. */
  tokenFile?: string | undefined;
}

/** A server with what is particular about it. */
export interface ParentChainerServerInput {
  /**
   * A server: host:port, [IPv6]:port, unix:/path, or https://host for one that speaks TLS. Each address of a name is a
   * server; it is resolved again when its time to live ends.
   */
  address: string;
  /**
   * Its share of the sessions, beside those of others. Each address of a name has it.
   * @default 1
   */
  weight?: number | undefined;
  /**
   * It gets sessions only while no server with a lower number is up.
   * @default 0
   */
  priority?: number | undefined;
  /**
   * It gets sessions only while no other server is up.
   * @default false
   */
  backup?: boolean | undefined;
  /** Where it is: see the zone of the pool. */
  zone?: string | undefined;
  /** The most sessions that it has at one time. Default: no limit. */
  maxConnections?: number | undefined;
}

/** A service whose servers are found by SRV records. */
export interface ParentChainerServerSrvInput {
  /**
   * A service whose servers are found by SRV records (RFC 2782): _http._tcp.shop.example. Priority and weight are
   * theirs.
   */
  srv: string;
  /**
   * It gets sessions only while no other server is up.
   * @default false
   */
  backup?: boolean | undefined;
  /** Where it is: see the zone of the pool. */
  zone?: string | undefined;
  /** The most sessions that it has at one time. Default: no limit. */
  maxConnections?: number | undefined;
}

/** A file of servers, which is read again when it changes. */
export interface ParentChainerServerFileInput {
  /** .txt with one server on each line, .json or .yaml with a list; relative to this file. */
  file: string;
}

/**
 * How a server is chosen. p2c: of two that are drawn by weight the one with fewer sessions. least-connections,
 * round-robin, random, latency: what they say. hash: the same one for what has the same part.
 */
export interface ParentChainerBalanceInput {
  /**
   * What sessions that get the same server have in common: client (its address), host, path, header.NAME, cookie.NAME
   * or query.NAME.
   */
  hash: string;
}

/** When a server that fails is taken out, by what happens to its sessions. */
export interface ParentChainerEjectInput {
  /**
   * Failures in a row.
   * @default 5
   */
  consecutive?: number | undefined;
  /**
   * The part of the sessions of ten seconds that failed, where there were enough of them.
   * @default 0.5
   */
  ratio?: number | undefined;
  /**
   * Sessions in ten seconds that are enough for ratio.
   * @default 20
   */
  least?: number | undefined;
  /** Statuses of answers that count as failures, for example 502, 503 and 504. */
  failOn?: number[] | undefined;
  /**
   * How long it is out the first time; then twice as long.
   * @default 10s
   */
  first?: Duration | undefined;
  /**
   * How long it is out at most.
   * @default 5m
   */
  longest?: Duration | undefined;
}

/** Looks at each server, whether or not there are sessions. */
export interface ParentChainerCheckInput {
  /**
   * tcp: it accepts connections. tls: and its certificate is good. http: and it answers as expected. connect, for
   * parents: it connects to the target.
   */
  type: 'tcp' | 'tls' | 'http' | 'connect';
  /** connect: what the parent must connect to, "probe.example:443". Nothing is sent there. */
  target?: string | undefined;
  /** http: what is asked for. Default: /. */
  path?: string | undefined;
  /** http: the method. Default: GET. */
  method?: 'GET' | 'HEAD' | 'OPTIONS' | undefined;
  /** http: the Host field. Default: the name or address of the server. */
  host?: string | undefined;
  /** http: the answers that are good, by status (default 200-399) and by a text in the body. */
  expect?: number | string | (number | string)[] | ParentChainerCheckExpectInput | undefined;
  /** The port that is looked at. Default: that of the server. */
  port?: number | undefined;
  /**
   * Time between two looks, give or take a fifth.
   * @default 10s
   */
  interval?: Duration | undefined;
  /**
   * The longest time for a look.
   * @default 2s
   */
  timeout?: Duration | undefined;
  /**
   * Looks in a row that take a server down.
   * @default 3
   */
  fall?: number | undefined;
  /**
   * Looks in a row that bring it back.
   * @default 2
   */
  rise?: number | undefined;
}

/** http: the answers that are good, by status (default 200-399) and by a text in the body. */
export interface ParentChainerCheckExpectInput {
  /**
   * The statuses that are good: 200, 2xx, 200-399, or several of these.
   * @default 200-399
   */
  status?: number | string | (number | string)[] | undefined;
  /** A text that the first 64 KiB of the body must contain. */
  body?: string | undefined;
}

/** Uses only so many of the servers; which ones is different in each of many proxies, and stays. */
export interface ParentChainerSubsetInput {
  /** Servers of each priority that are used. */
  size: number;
  /** What is different in each proxy. Default: the name of the machine. */
  instance?: string | undefined;
}

/** When a request is sent to another server. */
export interface ParentChainerRetryInput {
  /**
   * After which failures of a server another one is tried. connect: no connection came about. reset: it closed the
   * connection without an answer. timeout: no answer began within perTry. A status from 500 to 599.
   */
  on?: ('connect' | 'reset' | 'timeout' | number)[] | undefined;
  /**
   * How many requests may be sent again after they were sent, as a part of all requests of the pool: 20%. Three a
   * second are always allowed.
   * @default 20%
   */
  budget?: string | undefined;
  /**
   * With timeout among on: how long a server may take until its answer begins, while another one is left. Default:
   * http.responseTimeout of the service.
   */
  perTry?: Duration | undefined;
}

/** Sessions that wait while all servers have as many as they may have, in the order in which they came. */
export interface ParentChainerQueueInput {
  /** How many sessions wait for room at most. Default: four times as many as the servers may have. */
  size?: number | undefined;
  /**
   * How long a session waits for room; then it gets a 503.
   * @default 1s
   */
  timeout?: Duration | undefined;
}

/**
 * TLS to servers: true, or a mapping with how they are verified. By default it is spoken to those that are written with
 * https://.
 */
export interface ParentChainerTlsInput {
  /**
   * Whether the server's certificate must lead to an authority that is trusted, and be issued for its name. Without it,
   * only pins are compared.
   * @default true
   */
  verify?: boolean | undefined;
  /**
   * The name or IP address that certificates of servers must be issued for. A name is sent to them (SNI). By default
   * the one by which each is known here, or that the client asked for.
   */
  servername?: string | undefined;
  /** Files (PEM) of the authorities that are trusted. By default those that Node trusts. */
  ca?: string | string[] | undefined;
  /**
   * Files (PEM) of lists of revoked certificates (CRL). With one, each authority of a chain needs a list, and none may
   * be out of date.
   */
  crl?: string | string[] | undefined;
  /** The file (PEM) of a certificate with its chain, for servers that ask for one. */
  cert?: string | undefined;
  /** The file (PEM) of its key. By default it is in the file of the certificate. */
  key?: string | undefined;
  /** The public keys that a server may have: "sha256/" and the SHA-256 of each (SPKI) in base64. */
  pin?: string[] | undefined;
  /**
   * The lowest version of TLS that is spoken.
   * @default 1.2
   */
  minVersion?: '1.2' | '1.3' | undefined;
}

/** Spreads sessions over servers by weight and load, and keeps them from servers that fail. */
export interface PoolChainerInput {
  /**
   * The servers, each once: an address, a mapping with an address and what is particular about it, or where they are
   * found: srv, file, or a type that a plugin brings. Each address of a name is a server.
   */
  servers: (
    | string
    | PoolChainerServerInput
    | PoolChainerServerSrvInput
    | PoolChainerServerFileInput
    | DiscoveryInput
  )[];
  /**
   * How a server is chosen. p2c: of two that are drawn by weight the one with fewer sessions. least-connections,
   * round-robin, random, latency: what they say. hash: the same one for what has the same part.
   */
  balance?: 'p2c' | 'round-robin' | 'least-connections' | 'latency' | 'random' | PoolChainerBalanceInput | undefined;
  /** When a server that fails is taken out, by what happens to its sessions. */
  eject?: PoolChainerEjectInput | undefined;
  /** Looks at each server, whether or not there are sessions. */
  check?: PoolChainerCheckInput | undefined;
  /**
   * Time in which a server that comes, or comes back, gets its full weight, from a tenth on. 0: at once.
   * @default 10s
   */
  slowStart?: Duration | undefined;
  /** Where this proxy is. Servers with the same zone are preferred while 70 % of their weight is up. */
  zone?: string | undefined;
  /** Uses only so many of the servers; which ones is different in each of many proxies, and stays. */
  subset?: number | PoolChainerSubsetInput | undefined;
  /**
   * Whether the instance is not ready (/health/ready) while no server of this pool is up.
   * @default false
   */
  required?: boolean | undefined;
  /** When a request is sent to another server. */
  retry?: PoolChainerRetryInput | undefined;
  /**
   * Sends GET and HEAD to a second server, too, when no answer has begun after the time in which 95 % (p95) of the
   * requests had theirs. The first answer counts. Charged to the budget of retry. Default: never.
   */
  hedge?: 'p90' | 'p95' | 'p99' | undefined;
  /** The most sessions that all servers together have at one time. Default: no limit. */
  maxConnections?: number | undefined;
  /** Sessions that wait while all servers have as many as they may have, in the order in which they came. */
  queue?: PoolChainerQueueInput | undefined;
  /** Local address of connections to servers: 192.0.2.1, 192.0.2.1:0 or [2001:db8::1]:0. Excludes forgeAddr. */
  local?: string | undefined;
  /**
   * Connect to servers from the client's own address. Excludes local; needs Linux, epoll and CAP_NET_ADMIN.
   * @default false
   */
  forgeAddr?: boolean | undefined;
  /**
   * Tell servers about the client by a header of the PROXY protocol of that version, before TLS. Connections are then
   * reused for clients of the same address alone.
   */
  proxyProtocol?: 'v1' | 'v2' | undefined;
  /**
   * Longest time for one attempt to connect to one address: 500ms, 10s, 5m, or milliseconds.
   * @default 10s
   */
  connectTimeout?: Duration | undefined;
  /**
   * TLS to servers: true, or a mapping with how they are verified. By default it is spoken to those that are written
   * with https://.
   */
  tls?: boolean | PoolChainerTlsInput | undefined;
  /** Brings a client back to its server by a cookie, which is signed and not passed to servers. */
  sticky?: PoolChainerStickyInput | undefined;
  /**
   * Idle connections that are kept ready for each server, in each worker, within serverPool.maxIdlePerServer.
   * @default 0
   */
  minIdle?: number | undefined;
}

/** A server with what is particular about it. */
export interface PoolChainerServerInput {
  /**
   * A server: host:port, [IPv6]:port, unix:/path, or https://host for one that speaks TLS. Each address of a name is a
   * server; it is resolved again when its time to live ends.
   */
  address: string;
  /**
   * Its share of the sessions, beside those of others. Each address of a name has it.
   * @default 1
   */
  weight?: number | undefined;
  /**
   * It gets sessions only while no server with a lower number is up.
   * @default 0
   */
  priority?: number | undefined;
  /**
   * It gets sessions only while no other server is up.
   * @default false
   */
  backup?: boolean | undefined;
  /** Where it is: see the zone of the pool. */
  zone?: string | undefined;
  /** The most sessions that it has at one time. Default: no limit. */
  maxConnections?: number | undefined;
}

/** A service whose servers are found by SRV records. */
export interface PoolChainerServerSrvInput {
  /**
   * A service whose servers are found by SRV records (RFC 2782): _http._tcp.shop.example. Priority and weight are
   * theirs.
   */
  srv: string;
  /**
   * It gets sessions only while no other server is up.
   * @default false
   */
  backup?: boolean | undefined;
  /** Where it is: see the zone of the pool. */
  zone?: string | undefined;
  /** The most sessions that it has at one time. Default: no limit. */
  maxConnections?: number | undefined;
}

/** A file of servers, which is read again when it changes. */
export interface PoolChainerServerFileInput {
  /** .txt with one server on each line, .json or .yaml with a list; relative to this file. */
  file: string;
}

/**
 * How a server is chosen. p2c: of two that are drawn by weight the one with fewer sessions. least-connections,
 * round-robin, random, latency: what they say. hash: the same one for what has the same part.
 */
export interface PoolChainerBalanceInput {
  /**
   * What sessions that get the same server have in common: client (its address), host, path, header.NAME, cookie.NAME
   * or query.NAME.
   */
  hash: string;
}

/** When a server that fails is taken out, by what happens to its sessions. */
export interface PoolChainerEjectInput {
  /**
   * Failures in a row.
   * @default 5
   */
  consecutive?: number | undefined;
  /**
   * The part of the sessions of ten seconds that failed, where there were enough of them.
   * @default 0.5
   */
  ratio?: number | undefined;
  /**
   * Sessions in ten seconds that are enough for ratio.
   * @default 20
   */
  least?: number | undefined;
  /** Statuses of answers that count as failures, for example 502, 503 and 504. */
  failOn?: number[] | undefined;
  /**
   * How long it is out the first time; then twice as long.
   * @default 10s
   */
  first?: Duration | undefined;
  /**
   * How long it is out at most.
   * @default 5m
   */
  longest?: Duration | undefined;
}

/** Looks at each server, whether or not there are sessions. */
export interface PoolChainerCheckInput {
  /**
   * tcp: it accepts connections. tls: and its certificate is good. http: and it answers as expected. connect, for
   * parents: it connects to the target.
   */
  type: 'tcp' | 'tls' | 'http' | 'connect';
  /** connect: what the parent must connect to, "probe.example:443". Nothing is sent there. */
  target?: string | undefined;
  /** http: what is asked for. Default: /. */
  path?: string | undefined;
  /** http: the method. Default: GET. */
  method?: 'GET' | 'HEAD' | 'OPTIONS' | undefined;
  /** http: the Host field. Default: the name or address of the server. */
  host?: string | undefined;
  /** http: the answers that are good, by status (default 200-399) and by a text in the body. */
  expect?: number | string | (number | string)[] | PoolChainerCheckExpectInput | undefined;
  /** The port that is looked at. Default: that of the server. */
  port?: number | undefined;
  /**
   * Time between two looks, give or take a fifth.
   * @default 10s
   */
  interval?: Duration | undefined;
  /**
   * The longest time for a look.
   * @default 2s
   */
  timeout?: Duration | undefined;
  /**
   * Looks in a row that take a server down.
   * @default 3
   */
  fall?: number | undefined;
  /**
   * Looks in a row that bring it back.
   * @default 2
   */
  rise?: number | undefined;
  /**
   * tls, http: TLS of the check, with the keys of tls of a chainer, where only clients speak it to the servers (a
   * service with proxy: tls).
   */
  tls?: boolean | PoolChainerCheckTlsInput | undefined;
}

/** http: the answers that are good, by status (default 200-399) and by a text in the body. */
export interface PoolChainerCheckExpectInput {
  /**
   * The statuses that are good: 200, 2xx, 200-399, or several of these.
   * @default 200-399
   */
  status?: number | string | (number | string)[] | undefined;
  /** A text that the first 64 KiB of the body must contain. */
  body?: string | undefined;
}

/**
 * tls, http: TLS of the check, with the keys of tls of a chainer, where only clients speak it to the servers (a service
 * with proxy: tls).
 */
export interface PoolChainerCheckTlsInput {
  /**
   * Whether the server's certificate must lead to an authority that is trusted, and be issued for its name. Without it,
   * only pins are compared.
   * @default true
   */
  verify?: boolean | undefined;
  /**
   * The name or IP address that certificates of servers must be issued for. A name is sent to them (SNI). By default
   * the one by which each is known here, or that the client asked for.
   */
  servername?: string | undefined;
  /** Files (PEM) of the authorities that are trusted. By default those that Node trusts. */
  ca?: string | string[] | undefined;
  /**
   * Files (PEM) of lists of revoked certificates (CRL). With one, each authority of a chain needs a list, and none may
   * be out of date.
   */
  crl?: string | string[] | undefined;
  /** The file (PEM) of a certificate with its chain, for servers that ask for one. */
  cert?: string | undefined;
  /** The file (PEM) of its key. By default it is in the file of the certificate. */
  key?: string | undefined;
  /** The public keys that a server may have: "sha256/" and the SHA-256 of each (SPKI) in base64. */
  pin?: string[] | undefined;
  /**
   * The lowest version of TLS that is spoken.
   * @default 1.2
   */
  minVersion?: '1.2' | '1.3' | undefined;
}

/** Uses only so many of the servers; which ones is different in each of many proxies, and stays. */
export interface PoolChainerSubsetInput {
  /** Servers of each priority that are used. */
  size: number;
  /** What is different in each proxy. Default: the name of the machine. */
  instance?: string | undefined;
}

/** When a request is sent to another server. */
export interface PoolChainerRetryInput {
  /**
   * After which failures of a server another one is tried. connect: no connection came about. reset: it closed the
   * connection without an answer. timeout: no answer began within perTry. A status from 500 to 599.
   */
  on?: ('connect' | 'reset' | 'timeout' | number)[] | undefined;
  /**
   * How many requests may be sent again after they were sent, as a part of all requests of the pool: 20%. Three a
   * second are always allowed.
   * @default 20%
   */
  budget?: string | undefined;
  /**
   * With timeout among on: how long a server may take until its answer begins, while another one is left. Default:
   * http.responseTimeout of the service.
   */
  perTry?: Duration | undefined;
}

/** Sessions that wait while all servers have as many as they may have, in the order in which they came. */
export interface PoolChainerQueueInput {
  /** How many sessions wait for room at most. Default: four times as many as the servers may have. */
  size?: number | undefined;
  /**
   * How long a session waits for room; then it gets a 503.
   * @default 1s
   */
  timeout?: Duration | undefined;
}

/**
 * TLS to servers: true, or a mapping with how they are verified. By default it is spoken to those that are written with
 * https://.
 */
export interface PoolChainerTlsInput {
  /**
   * Whether the server's certificate must lead to an authority that is trusted, and be issued for its name. Without it,
   * only pins are compared.
   * @default true
   */
  verify?: boolean | undefined;
  /**
   * The name or IP address that certificates of servers must be issued for. A name is sent to them (SNI). By default
   * the one by which each is known here, or that the client asked for.
   */
  servername?: string | undefined;
  /** Files (PEM) of the authorities that are trusted. By default those that Node trusts. */
  ca?: string | string[] | undefined;
  /**
   * Files (PEM) of lists of revoked certificates (CRL). With one, each authority of a chain needs a list, and none may
   * be out of date.
   */
  crl?: string | string[] | undefined;
  /** The file (PEM) of a certificate with its chain, for servers that ask for one. */
  cert?: string | undefined;
  /** The file (PEM) of its key. By default it is in the file of the certificate. */
  key?: string | undefined;
  /** The public keys that a server may have: "sha256/" and the SHA-256 of each (SPKI) in base64. */
  pin?: string[] | undefined;
  /**
   * The lowest version of TLS that is spoken.
   * @default 1.2
   */
  minVersion?: '1.2' | '1.3' | undefined;
}

/** Brings a client back to its server by a cookie, which is signed and not passed to servers. */
export interface PoolChainerStickyInput {
  /** The name of the cookie. Neither a server nor another pool of the same site may use it. */
  cookie: string;
  /** What signs the cookie. Of a list the first one signs, and all are accepted. Default: a key of this machine. */
  secret?: string | string[] | undefined;
  /** Instead of secret: the file in whose first and only line it stands. Relative to this file. */
  secretFile?: string | undefined;
  /**
   * Whether other sites can have a browser send it, as SameSite of a cookie.
   * @default lax
   */
  sameSite?: 'lax' | 'strict' | 'none' | undefined;
  /** Whether browsers send it over TLS only. Default: where the client speaks TLS with this proxy. */
  secure?: boolean | undefined;
}

/** Sends what goes to the server through another service of this process before it leaves. */
export interface SidestackChainerInput {
  /** The service whose proxy goes between this one and the server. */
  service: string;
  /** How the server is reached. */
  chainer: ChainerInput | string;
}

/** Connects to where an intercepted client was going. Its listener must be transparent. */
export interface TransparentChainerInput {
  /**
   * Unless 0, connect to this port instead of the one the client was going to; the address stays.
   * @default 0
   */
  forcedPort?: number | undefined;
  /** Local address of connections to servers: 192.0.2.1, 192.0.2.1:0 or [2001:db8::1]:0. Excludes forgeAddr. */
  local?: string | undefined;
  /**
   * Connect to servers from the client's own address. Excludes local; needs Linux, epoll and CAP_NET_ADMIN.
   * @default false
   */
  forgeAddr?: boolean | undefined;
  /**
   * Tell servers about the client by a header of the PROXY protocol of that version, before TLS. Connections are then
   * reused for clients of the same address alone.
   */
  proxyProtocol?: 'v1' | 'v2' | undefined;
  /**
   * Longest time for one attempt to connect to one address: 500ms, 10s, 5m, or milliseconds.
   * @default 10s
   */
  connectTimeout?: Duration | undefined;
  /**
   * TLS to servers: true, or a mapping with how they are verified. By default it is spoken to those that are written
   * with https://.
   */
  tls?: boolean | TransparentChainerTlsInput | undefined;
}

/**
 * TLS to servers: true, or a mapping with how they are verified. By default it is spoken to those that are written with
 * https://.
 */
export interface TransparentChainerTlsInput {
  /**
   * Whether the server's certificate must lead to an authority that is trusted, and be issued for its name. Without it,
   * only pins are compared.
   * @default true
   */
  verify?: boolean | undefined;
  /**
   * The name or IP address that certificates of servers must be issued for. A name is sent to them (SNI). By default
   * the one by which each is known here, or that the client asked for.
   */
  servername?: string | undefined;
  /** Files (PEM) of the authorities that are trusted. By default those that Node trusts. */
  ca?: string | string[] | undefined;
  /**
   * Files (PEM) of lists of revoked certificates (CRL). With one, each authority of a chain needs a list, and none may
   * be out of date.
   */
  crl?: string | string[] | undefined;
  /** The file (PEM) of a certificate with its chain, for servers that ask for one. */
  cert?: string | undefined;
  /** The file (PEM) of its key. By default it is in the file of the certificate. */
  key?: string | undefined;
  /** The public keys that a server may have: "sha256/" and the SHA-256 of each (SPKI) in base64. */
  pin?: string[] | undefined;
  /**
   * The lowest version of TLS that is spoken.
   * @default 1.2
   */
  minVersion?: '1.2' | '1.3' | undefined;
}

/** As the machine looks names up: by an own DNS client where /etc/hosts and DNS are all there is, else system. */
export interface AutoResolverInput {}

/** Asks DNS servers directly and honours times to live; knows neither /etc/hosts nor search domains. */
export interface DnsResolverInput {
  /** DNS servers, asked in this order; the system's when left out. */
  servers?: string[] | undefined;
  /**
   * How long a server has for one try.
   * @default 2s
   */
  timeout?: Duration | undefined;
  /**
   * How often each server is asked.
   * @default 3
   */
  tries?: number | undefined;
}

/** The system's resolver (getaddrinfo): /etc/hosts, search domains and all. */
export interface SystemResolverInput {}

/** The address of the client: the zone that it is in is the user. */
export interface AddressAuthInput {
  /** The zones whose names are users. Of a client in several of them the most specific one counts. */
  zones: string[];
  /** Groups with the zones in them, for "groups" in access rules. */
  groups?: Record<string, string[]> | undefined;
}

/** User and password (RFC 7617). */
export interface BasicAuthInput {
  /**
   * What browsers show beside the question for the password.
   * @default inband
   */
  realm?: string | undefined;
  /** Users, with the hash of the password of each. "inband hash" makes them. */
  users?: Record<string, string> | undefined;
  /** A file of users (htpasswd), which is followed. Relative to this file. */
  file?: string | undefined;
  /** Groups with their users, for "groups" in access rules. */
  groups?: Record<string, string[]> | undefined;
}

/** Signed tokens (JWT), as Bearer (RFC 6750). */
export interface BearerAuthInput {
  /**
   * What browsers show beside the question for the password.
   * @default inband
   */
  realm?: string | undefined;
  /** The public keys by which tokens are verified (RFC 7517). */
  keys: BearerAuthKeysInput;
  /** Who must have issued a token: its claim "iss". */
  issuer: string;
  /** For whom a token must be: one of these is in its claim "aud". */
  audience: string | string[];
  /** The signatures that count, whatever a token says. */
  algorithms?:
    | ('RS256' | 'RS384' | 'RS512' | 'PS256' | 'PS384' | 'PS512' | 'ES256' | 'ES384' | 'ES512' | 'EdDSA')[]
    | undefined;
  /** What of a token says who somebody is. */
  claims?: BearerAuthClaimsInput | undefined;
  /**
   * Whether a token may come as the password of Basic, from programs that know nothing else.
   * @default false
   */
  asPassword?: boolean | undefined;
  /** Further groups with their users, beside those of the token. */
  groups?: Record<string, string[]> | undefined;
}

/** The public keys by which tokens are verified (RFC 7517). */
export interface BearerAuthKeysInput {
  /** A file with the keys (JWKS), which is followed. Relative to this file. */
  file?: string | undefined;
  /** Where the keys (JWKS) are fetched. */
  url?: string | undefined;
}

/** What of a token says who somebody is. */
export interface BearerAuthClaimsInput {
  /**
   * The claim that is the user; "a.b" is one within another.
   * @default sub
   */
  user?: string | undefined;
  /**
   * The claim with the groups of the user.
   * @default groups
   */
  groups?: string | undefined;
}

/** The client certificate that its listener has verified (tls.clientAuth). */
export interface CertificateAuthInput {
  /** Groups with the identities of certificates in them, for "groups" in access rules. */
  groups?: Record<string, string[]> | undefined;
}

/** User and password, of which only hashes are sent (RFC 7616). */
export interface DigestAuthInput {
  /**
   * What browsers show beside the question for the password.
   * @default inband
   */
  realm?: string | undefined;
  /** Hashes that clients are offered, the preferred one first. MD5 is for old programs only. */
  algorithms?: ('SHA-256' | 'MD5')[] | undefined;
  /** Users, with the hash of user, realm and password of each. "inband hash --scheme digest" makes them. */
  users?: Record<string, string> | undefined;
  /** A file of users (htdigest), which is followed: "user:realm:hash" on each line. Relative to this file. */
  file?: string | undefined;
  /** Groups with their users, for "groups" in access rules. */
  groups?: Record<string, string[]> | undefined;
}

/** A service that is asked by HTTP who may pass ("forward auth"). */
export interface HttpAuthInput {
  /** Who is asked about each request, by GET and without its body. */
  url: string;
  /**
   * Fields of the request that are sent. "authorization" is what clients log in by, also in mode forward. Default:
   * authorization, in mode reverse cookie and accept, too.
   */
  fields?: string[] | undefined;
  /** Fields of a 2xx answer that the server gets. Those of the client with these names are left out. */
  copy?: string[] | undefined;
  /**
   * The field of a 2xx answer with the user.
   * @default remote-user
   */
  userField?: string | undefined;
  /**
   * The field of a 2xx answer with groups, between commas.
   * @default remote-groups
   */
  groupsField?: string | undefined;
  /** Further groups with their users, beside those of the answer. */
  groups?: Record<string, string[]> | undefined;
  /**
   * For one question, to the end of its answer.
   * @default 5s
   */
  timeout?: Duration | undefined;
  /**
   * Questions at once. 256 more wait; then it is 503.
   * @default 64
   */
  concurrency?: number | undefined;
  /**
   * How long it is remembered who may pass, for the very same request; denials at most 5s. 0: not at all.
   * @default 60s
   */
  cache?: Duration | undefined;
  /**
   * Whether requests go on, without a user, while nobody answers. Left out: they are refused.
   * @default false
   */
  failOpen?: boolean | undefined;
}

/** Random tokens of programs and jobs, as Bearer or as the password of Basic. */
export interface TokenAuthInput {
  /**
   * What browsers show beside the question for the password.
   * @default inband
   */
  realm?: string | undefined;
  /** Users, with "sha256:" and the SHA-256 of the token of each. "inband hash --scheme token" makes one. */
  tokens?: Record<string, string> | undefined;
  /** A file of tokens, which is followed: "user:sha256:…" on each line. */
  file?: string | undefined;
  /** Groups with their users, for "groups" in access rules. */
  groups?: Record<string, string[]> | undefined;
}

/**
 * The options of each kind of chainer, as they are written. A plugin adds its own, so that configurations in TypeScript know them:
 * `declare module 'inband' { interface ChainerKinds { mine: { readonly colour: string } } }`.
 */
export interface ChainerKinds {
  /** Connects always to the same server; host and port of the request are not used. */
  directed: DirectedChainerInput;
  /**
   * Connects by the proxies that the environment names in http_proxy, https_proxy, all_proxy and no_proxy, as curl
   * reads them.
   */
  environment: EnvironmentChainerInput;
  /** Tries several servers until one accepts, and remembers for a while which of them failed. */
  failover: FailoverChainerInput;
  /** Connects to the host and port that the client asked for. */
  inband: InbandChainerInput;
  /** Picks up the server side from the proxy in which this one is stacked. */
  none: NoneChainerInput;
  /**
   * Asks a proxy auto-configuration (PAC) file by which parents, in which order, or directly what a client asks for is
   * reached.
   */
  pac: PacChainerInput;
  /** Connects by other proxies: HTTP, or SOCKS. */
  parent: ParentChainerInput;
  /** Spreads sessions over servers by weight and load, and keeps them from servers that fail. */
  pool: PoolChainerInput;
  /** Sends what goes to the server through another service of this process before it leaves. */
  sidestack: SidestackChainerInput;
  /** Connects to where an intercepted client was going. Its listener must be transparent. */
  transparent: TransparentChainerInput;
}

/** A chainer in a configuration: its kind, and the options of that kind. */
export type ChainerInput = {
  [Kind in keyof ChainerKinds]: {
    /** The kind of chainer; the other keys are its options. */
    type: Kind;
  } & ChainerKinds[Kind];
}[keyof ChainerKinds];

/**
 * The options of each kind of resolver, as they are written. A plugin adds its own, so that configurations in TypeScript know them:
 * `declare module 'inband' { interface ResolverKinds { mine: { readonly colour: string } } }`.
 */
export interface ResolverKinds {
  /** As the machine looks names up: by an own DNS client where /etc/hosts and DNS are all there is, else system. */
  auto: AutoResolverInput;
  /** Asks DNS servers directly and honours times to live; knows neither /etc/hosts nor search domains. */
  dns: DnsResolverInput;
  /** The system's resolver (getaddrinfo): /etc/hosts, search domains and all. */
  system: SystemResolverInput;
}

/** The resolver in a configuration: its kind, the options of that kind, and what all kinds have. */
export type ResolverInput = {
  [Kind in keyof ResolverKinds]: ResolverCommonInput & ResolverType<Kind> & ResolverKinds[Kind];
}[keyof ResolverKinds];

/** The kind may be left out where it is the usual one. */
export type ResolverType<Kind> = Kind extends 'auto'
  ? {
      /** The kind of resolver; the other keys are its options. */
      type?: Kind | undefined;
    }
  : {
      /** The kind of resolver; the other keys are its options. */
      type: Kind;
    };

/**
 * The options of each kind of way to authenticate, as they are written. A plugin adds its own, so that configurations in TypeScript know them:
 * `declare module 'inband' { interface AuthKinds { mine: { readonly colour: string } } }`.
 */
export interface AuthKinds {
  /** The address of the client: the zone that it is in is the user. */
  address: AddressAuthInput;
  /** User and password (RFC 7617). */
  basic: BasicAuthInput;
  /** Signed tokens (JWT), as Bearer (RFC 6750). */
  bearer: BearerAuthInput;
  /** The client certificate that its listener has verified (tls.clientAuth). */
  certificate: CertificateAuthInput;
  /** User and password, of which only hashes are sent (RFC 7616). */
  digest: DigestAuthInput;
  /** A service that is asked by HTTP who may pass ("forward auth"). */
  http: HttpAuthInput;
  /** Random tokens of programs and jobs, as Bearer or as the password of Basic. */
  token: TokenAuthInput;
}

/** A way to authenticate in a configuration: its kind, and the options of that kind. */
export type AuthInput = {
  [Kind in keyof AuthKinds]: {
    /** The way by which clients say who they are; the other keys are its options. */
    type: Kind;
  } & AuthKinds[Kind];
}[keyof AuthKinds];

/** A DNS service in a configuration: its kind, and the options of that kind. */
export interface AcmeDnsInput {
  /** The kind of DNS service; the other keys are its options. */
  type: string;
  [option: string]: unknown;
}

/** Lists of hosts in files, among names. */
export interface HostFileInput {
  /** Files of hosts, one a line, or as /etc/hosts; relative to this file, and followed. */
  file: string | string[];
}

/** Times of the week. */
export interface WeekTimesInput {
  /** Days of the week, or ranges such as "mon-fri". Left out: every day. */
  days?: string | string[] | undefined;
  /** Ranges of the day: "08:00-18:00", or "22:00-06:00" into the next day. Left out: the whole day. */
  time?: string | string[] | undefined;
  /** The time zone whose clock counts, by its IANA name: Europe/Berlin. With its summer time. Default: UTC. */
  timeZone?: string | undefined;
}

/** A filter in a configuration: of a plugin, or (in a program) one with its functions, also an instance of a class. */
export type FilterInput = FilterEntryInput | Filter;

/** The kind of a filter with the options of that kind, or the functions of a program. */
export interface FilterEntryInput extends Filter {
  /** The kind of filter, which a plugin brings; the other keys are its options. */
  type?: string | undefined;
  /**
   * How long it may take to decide about a request, an answer or a tunnel. Then the client gets 504.
   * @default "5s"
   */
  timeout?: Duration | undefined;
  /**
   * The largest body that is buffered for it, if it asks for that. Beyond it requests get 413, and answers become 502.
   * @default "1MiB"
   */
  maximumBody?: Size | undefined;
  [option: string]: unknown;
}

/** A discovery of servers in a configuration: its kind, and the options of that kind. */
export interface DiscoveryInput {
  /** The kind of discovery; the other keys are its options. */
  type: string;
  [option: string]: unknown;
}
