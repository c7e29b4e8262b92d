import { inetAddr, type SockAddr } from '@inband/core';
import { parseArgs } from 'node:util';
import { parseSockAddr } from '../config/schema/bind.ts';
import { nearestKey } from '../config/problem/nearest-key.ts';

/** What the command line asks for. */
export type Command =
  | { readonly name: 'help' }
  | { readonly name: 'version' }
  | { readonly name: 'run'; readonly config: string | undefined }
  | CheckCommand
  | ExplainCommand;

export interface CheckCommand {
  readonly name: 'check';
  readonly config: string | undefined;
  /** Show everything that the configuration makes. */
  readonly plan?: true;
  /** Problems as JSON. */
  readonly json?: true;
}

export interface ExplainCommand {
  readonly name: 'explain';
  readonly config: string | undefined;
  readonly client: SockAddr;
  /** The address of a listener; undefined: the first one. */
  readonly listener: SockAddr | undefined;
  /** The original destination of an intercepted client; undefined: the address in the URL. */
  readonly destination: SockAddr | undefined;
  /** Undefined: the method that a browser would use for the URL. */
  readonly method: string | undefined;
  readonly url: string;
  readonly json: boolean;
}

/** The command line cannot be understood. */
export class UsageError extends Error {}

export const USAGE = `Usage: inband [run] [--config FILE]
       inband check [--config FILE] [--plan | --json]
       inband explain [--config FILE] [--client ADDR] [--listener BIND]
                      [--destination ADDR:PORT] [--json] [METHOD] URL
       inband --version | --help

run      Runs the proxy (the default). Without --config: a forward proxy on 127.0.0.1:3128.
         SIGTERM, SIGINT and SIGQUIT end it in an orderly way, a second one at once.
         SIGHUP reads the configuration again and loses nothing.
check    Checks a configuration and exits.
explain  Says what would become of a request, and by which rule, route and chainer, without connecting.
         URL is http://…, https://… or, for CONNECT, host:port.

  -c, --config FILE            The configuration: .yaml, .yml, .json, .ts, .mts, .js or .mjs; a folder of
                               .yaml, .yml and .json files; or - for standard input.
      --client ADDR            Address of the client to explain for. Default: 127.0.0.1.
      --listener BIND          The listener that the client comes to, as its "bind". Default: the first.
      --destination ADDR:PORT  Where the client was going, if the listener is transparent.
                               Default: the address in the URL.
      --json                   The explanation, or the problems that a check finds, as JSON.
      --plan                   Everything that the configuration makes, with a hash of what it is made from.
  -v, --version                The version.
  -h, --help                   This text.

Exit status: 0 done; 1 the configuration or the command line is wrong, or the proxy cannot run;
of explain: 0 allowed, 3 denied, 4 not known because the name could not be resolved, or does not say where
an intercepted client was going.
`;

const COMMANDS = ['run', 'check', 'explain'];
const OPTIONS = {
  config: { type: 'string', short: 'c' },
  client: { type: 'string' },
  listener: { type: 'string' },
  destination: { type: 'string' },
  json: { type: 'boolean' },
  plan: { type: 'boolean' },
  version: { type: 'boolean', short: 'v' },
  help: { type: 'boolean', short: 'h' },
} as const;
type Values = Readonly<Record<string, unknown>>;

const FOR_EXPLAIN = ['client', 'listener', 'destination'] as const;

/** Reads the arguments after the program's name. Throws a {@link UsageError}. */
export function parseArguments(argv: readonly string[]): Command {
  const { values, positionals, tokens } = parseArgs({
    args: [...argv],
    options: OPTIONS,
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const seen = new Set<string>();
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    checkOption(token.name, token.rawName, token.value);
    if (seen.has(token.name)) throw new UsageError(`${token.rawName} is given twice; ${once(token.name)}`);
    seen.add(token.name);
  }
  if (values.help === true) return { name: 'help' };
  if (values.version === true) return { name: 'version' };
  const [name = 'run', ...rest] = positionals;
  const config = typeof values.config === 'string' ? values.config : undefined;
  if (values.plan === true && name !== 'check') throw new UsageError('--plan is only for "inband check".');
  if (name === 'explain') return explainCommand(rest, config, values);
  if (name !== 'run' && name !== 'check')
    throw new UsageError(`unknown command "${name}"${didYouMean(name, COMMANDS)}`);
  const [surplus] = rest;
  if (surplus !== undefined)
    throw new UsageError(`"${surplus}" is one argument too many; a file is named with --config.`);
  const misplaced = FOR_EXPLAIN.find((option) => values[option] !== undefined);
  if (misplaced !== undefined) throw new UsageError(`--${misplaced} is only for "inband explain".`);
  return name === 'check' ? checkCommand(config, values) : runCommand(config, values);
}

function runCommand(config: string | undefined, { json }: Values): Command {
  if (json === true) throw new UsageError('--json is only for "inband explain" and "inband check".');
  return { name: 'run', config };
}

function checkCommand(config: string | undefined, { plan, json }: Values): CheckCommand {
  if (plan === true && json === true) throw new UsageError('--plan and --json are two outputs; choose one.');
  return { name: 'check', config, ...(plan === true && { plan }), ...(json === true && { json }) };
}

function once(option: string): string {
  return option === 'config' ? 'there is one configuration, in one file.' : 'it takes one value.';
}

function checkOption(name: string, rawName: string, value: string | undefined): void {
  const option = Object.entries(OPTIONS).find(([known]) => known === name)?.[1];
  if (option === undefined) {
    const known = Object.keys(OPTIONS).map((key) => `--${key}`);
    throw new UsageError(`unknown option "${rawName}"${didYouMean(rawName, known)}`);
  }
  if (option.type === 'string' && (value === undefined || value === ''))
    throw new UsageError(`${rawName} needs a value.`);
  if (option.type === 'boolean' && value !== undefined) throw new UsageError(`${rawName} takes no value.`);
}

function didYouMean(word: string, known: readonly string[]): string {
  const nearest = nearestKey(word, known);
  return nearest === undefined ? `; there are ${known.join(', ')}.` : `; did you mean "${nearest}"?`;
}

function explainCommand(positionals: readonly string[], config: string | undefined, values: Values): ExplainCommand {
  if (positionals.length === 0) throw new UsageError('explain needs a URL, or host:port.');
  if (positionals.length > 2) throw new UsageError('explain takes a method and a URL, and no more.');
  const [method, url] = positionals.length === 2 ? positionals : [undefined, positionals[0]];
  if (method !== undefined && !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(method)) {
    throw new UsageError(`${JSON.stringify(method)} is not a method.`);
  }
  return {
    name: 'explain',
    config,
    client: clientAddress(typeof values.client === 'string' ? values.client : '127.0.0.1'),
    listener: typeof values.listener === 'string' ? listenerAddress(values.listener) : undefined,
    destination: typeof values.destination === 'string' ? destinationAddress(values.destination) : undefined,
    method,
    url: checkUrl(url ?? ''),
    json: values.json === true,
  };
}

/** With any port, because no rule depends on a client's port. */
function clientAddress(text: string): SockAddr {
  const address = inetAddr(text, 49_152) ?? parseSockAddr(text);
  if (address === undefined) throw new UsageError(`--client takes an IP address, found ${JSON.stringify(text)}.`);
  return address;
}

function listenerAddress(text: string): SockAddr {
  const address = parseSockAddr(text);
  if (address === undefined) {
    throw new UsageError(`--listener takes the "bind" of a listener (127.0.0.1:3128), found ${JSON.stringify(text)}.`);
  }
  return address;
}

function destinationAddress(text: string): SockAddr {
  const address = parseSockAddr(text);
  if (address === undefined || address.family === 'unix' || address.port === 0) {
    const found = `found ${JSON.stringify(text)}.`;
    throw new UsageError(`--destination takes an address with a port (192.0.2.1:80, [2001:db8::1]:80), ${found}`);
  }
  return address;
}

/** The proxy itself evaluates the URL. Here it only has to fit on a request line. */
function checkUrl(url: string): string {
  if (!/^[\u0021-\u007e]+$/.test(url)) {
    throw new UsageError('the URL may hold printable ASCII only; percent-encode the rest (xn--… in the host).');
  }
  if (!/^https?:\/\/[^/?#]/i.test(url) && !/^[^/?#]+:\d+$/.test(url)) {
    throw new UsageError(`expected a URL with http:// or https://, or host:port, found ${JSON.stringify(url)}.`);
  }
  return url;
}
