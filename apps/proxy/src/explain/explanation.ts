import type { LayerVerification, PoolCandidate, PoolExplanation } from '@inband/core';
import type { ExplainedStep } from './watched-steps.ts';

/** What policy says about one server address that a chainer wanted to connect to. */
export interface ExplainedServer {
  readonly address: string;
  /** The zones that the address is in, the most specific first. */
  readonly zones: readonly string[];
  /** What the address was before the service's address translation; absent when that changes nothing. */
  readonly translatedFrom?: string;
  /** The rule that translated it. */
  readonly translatedBy?: string;
  /** The outgoing address that the chainer or the translation gives; absent when it is the system's choice. */
  readonly from?: string;
  /** Where it is a parent proxy: what it is asked for. `rule` and `reason` are about that then, unless the parent itself is denied. */
  readonly parentOf?: ExplainedPassage;
  /** What is verified of it; absent where it is spoken to in the clear. */
  readonly tls?: LayerVerification;
  readonly verdict: 'allow' | 'deny';
  /** The rule's place in the configuration, or the name of a default. */
  readonly rule: string;
  /** The file of hosts in which the rule found the host; absent where it found it in none. */
  readonly list?: string;
  readonly reason: string;
}

/** What a parent proxy is asked for. */
export interface ExplainedPassage {
  /** `shop.example:443`. */
  readonly target: string;
  /** `CONNECT`, `SOCKS4A`, `SOCKS5`, `the whole URL`. */
  readonly by: string;
  /** Who resolves the name of the target. */
  readonly resolvedBy: 'parent' | 'proxy';
}

export interface Explanation {
  /**
   * `depends`: nothing forbids it, but it is not known where it would go, since the name was not resolved, or does not
   * say where an intercepted client was going.
   */
  readonly verdict: 'allow' | 'deny' | 'depends';
  readonly client: string;
  /** The zones that the client is in, the most specific first. */
  readonly clientZones: readonly string[];
  /** Who it is; absent where nobody knows. */
  readonly user?: string;
  /** The groups of the user; absent where nobody knows. */
  readonly groups?: readonly string[];
  readonly service: string;
  /** Where an intercepted client was going. */
  readonly destination: string | undefined;
  readonly route: string | undefined;
  readonly chainer: string | undefined;
  /** What the server is sent in place of what was asked for: `/v1/users at api.internal`; absent where the route rewrites nothing. */
  readonly rewritten?: string;
  /** The services that the chainer stacks in between; each evaluates what goes through it by its own rules. */
  readonly through: readonly string[];
  /** Every server that the chainer would try, in order. */
  readonly servers: readonly ExplainedServer[];
  /** The servers of the pool that it chooses from, and the choice; absent where the route has none. In a running proxy, as they are now. */
  readonly pool?: PoolExplanation;
  /** The limits of the service that hold for its client; absent where there are none. */
  readonly limits?: readonly string[];
  /** What each step of the service says, in their order; empty where the connection ends before any. */
  readonly steps: readonly ExplainedStep[];
  /** The rule that decided, where one did. */
  readonly rule: string | undefined;
  /** The file of hosts in which that rule found the host; absent where it found it in none. */
  readonly list?: string;
  readonly reason: string;
  /** The error that the client would get. */
  readonly error: string | undefined;
  readonly status: number | undefined;
}

/** `192.168.7.9:80 (from 203.0.113.9:80 by services.web.nat[0]), out of 192.0.2.7:0: allow (default: …)` */
function formatServer({
  address,
  zones,
  translatedFrom,
  translatedBy,
  from,
  parentOf,
  tls,
  verdict,
  rule,
}: ExplainedServer): string {
  const translated = translatedFrom === undefined ? '' : ` (from ${translatedFrom} by ${translatedBy})`;
  const outgoing = from === undefined ? '' : `, out of ${from.replace(/:0$/, '')}`;
  const over = tls === undefined ? '' : `, over TLS: ${formatTls(tls)}`;
  const parent = parentOf === undefined ? '' : `, ${formatPassage(parentOf)}`;
  return `${address} in ${zones.join(', ')}${translated}${outgoing}${over}${parent}: ${verdict} (${rule})`;
}

/** `parent, asked by CONNECT for shop.example:443, whose name it resolves` */
function formatPassage({ target, by, resolvedBy }: ExplainedPassage): string {
  return `parent, asked by ${by} for ${target}${resolvedBy === 'parent' ? ', whose name it resolves' : ''}`;
}

/** `certified for web.example by internal.pem, SNI web.example, TLS 1.2 or later` */
function formatTls(verifies: LayerVerification): string {
  const { certifiedFor, sentName, ca, crl, pins, clientCertificate, minVersion } = verifies;
  const parts = [
    certifiedFor === undefined
      ? 'its certificate is not verified'
      : `certified for ${certifiedFor} by ${ca?.join(', ') ?? 'the authorities of Node'}`,
    ...(certifiedFor === undefined || crl === undefined ? [] : [`not revoked by ${crl.join(', ')}`]),
    ...pins.map((pin) => `key ${pin}`),
    sentName === undefined ? 'no SNI' : `SNI ${sentName}`,
    ...(clientCertificate === undefined ? [] : [`client certificate ${clientCertificate}`]),
    `version ${minVersion} or later`,
  ];
  return parts.join(', ');
}

/** `10.0.0.1:80, weight 2, 3 sessions: picked, by the hash of client` */
function formatCandidate({ address, weight, sessions, passedOver }: PoolCandidate, pool: PoolExplanation): string {
  if (weight === 0) return `${address}: ${passedOver}`;
  const facts = `${address}, weight ${Number(weight.toFixed(2))}, ${sessions} ${sessions === 1 ? 'session' : 'sessions'}`;
  if (address === pool.picked) return `${facts}: picked, ${pool.because}`;
  return `${facts}: ${passedOver ?? 'could be picked'}`;
}

/** The steps that the request comes to; the last one that does not let it pass says so. */
function formatSteps(steps: readonly ExplainedStep[]): string | undefined {
  const reached = steps.filter(({ outcome }) => outcome !== 'not reached');
  if (reached.length === 0) return undefined;
  return reached.map(({ name, outcome }) => (outcome === 'passes' ? name : `${name} ${outcome}`)).join(', ');
}

/** Of a configuration that is not running. */
const NO_HEALTH = 'by the configuration alone; which servers are up knows POST /explain of the admin API';

/** The explanation for a person, one fact a line. */
export function formatExplanation(explanation: Explanation): string {
  const { verdict, rule, list, reason, error, status } = explanation;
  const {
    client,
    clientZones,
    user,
    groups,
    service,
    destination,
    route,
    chainer,
    through,
    pool,
    servers,
    steps,
    rewritten,
    limits = [],
  } = explanation;
  const lines: [string, string | undefined][] = [
    ['verdict', verdict],
    ['rule', rule],
    ['list', list],
    ['reason', reason],
    ['error', error === undefined ? undefined : `${error}${status === undefined ? '' : `, status ${status}`}`],
    ['client', `${client} in ${clientZones.join(', ')}`],
    ['user', user === undefined ? undefined : formatUser(user, groups)],
    ['service', service],
    ['steps', formatSteps(steps)],
    ...limits.map((limit): [string, string] => ['limit', limit]),
    ['going to', destination],
    ['route', route ?? 'none'],
    ['chainer', chainer ?? 'none'],
    ['sends', rewritten],
    ...through.map((name): [string, string] => ['through', `${name}, by its own rules`]),
    ...(pool === undefined
      ? []
      : [...pool.candidates.map((one) => formatCandidate(one, pool)), NO_HEALTH].map((text): [string, string] => [
          'choice',
          text,
        ])),
    ...servers.map((server): [string, string] => ['server', formatServer(server)]),
  ];
  return lines.flatMap(([name, text]) => (text === undefined ? [] : [`${`${name}:`.padEnd(9)}${text}`])).join('\n');
}

/** `ann in jobs, people`; quoted where it could disguise a line. */
function formatUser(user: string, groups: readonly string[] = []): string {
  const name = /^[\w.@:/-]+$/.test(user) ? user : JSON.stringify(user);
  return groups.length === 0 ? name : `${name} in ${groups.join(', ')}`;
}
