import { parseArgs } from 'node:util';
import { ADMIN_ROLES, type AdminRole } from '../config/known/constants.ts';
import { nearestKey } from '../config/problem/nearest-key.ts';
import type { TopSort } from '../top/top-data.ts';
import { COMMANDS, type OptionEntry, OPTIONS, type Shell, SHELLS, takes } from './command-table.ts';
import { type ExplainCommand, explainCommand } from './explain-arguments.ts';
import type { Hashing } from './passwords/print-hash.ts';
import {
  type ClusterCommand,
  clusterCommand,
  type ServerCommand,
  serverCommand,
  sortNamed,
} from './running/cluster/cluster-arguments.ts';
import type { ConfigPullCommand } from './running/config-pull.ts';
import type { PushCommand, RollbackCommand, VersionsCommand } from './running/pushes.ts';
import { pushCommand, rollbackCommand, versionsCommand } from './running/push-arguments.ts';
import type { RevokeCommand } from './running/revoke.ts';
import { UsageError } from './usage/usage-error.ts';

/** What the command line asks for. */
export type Command =
  | { readonly name: 'help' }
  | { readonly name: 'version' }
  | { readonly name: 'run'; readonly config: string | undefined }
  | CheckCommand
  | ExplainCommand
  | QuickCommand
  | InitCommand
  | PacCommand
  | LogsCommand
  | SignalCommand
  | OperateCommand
  | TopCommand
  | ClusterCommand
  | ServerCommand
  | AdminTokenCommand
  | ConfigPullCommand
  | PushCommand
  | RollbackCommand
  | VersionsCommand
  | RevokeCommand
  | HashCommand
  | { readonly name: 'completions'; readonly shell: Shell };

export interface CheckCommand {
  readonly name: 'check';
  readonly config: string | undefined;
  /** Show everything that the configuration makes. */
  readonly plan?: true;
  /** Problems as JSON. */
  readonly json?: true;
}

export interface PacCommand {
  readonly name: 'pac';
  readonly config: string | undefined;
  readonly service: string | undefined;
}

export interface LogsCommand {
  readonly name: 'logs';
  /** The id of the request to explain. */
  readonly id: string;
  readonly config: string | undefined;
  /** The log files; none for those of the configuration, or standard input. */
  readonly files: readonly string[];
}

/** Something that a running program is asked for. */
export interface SignalCommand {
  readonly name: 'reload' | 'upgrade';
  readonly pid: number;
}

/** Something that the running program is asked for. */
export interface OperateCommand {
  readonly name: 'reload' | 'drain' | 'status';
  readonly config: string | undefined;
  /** The status as JSON. */
  readonly json?: true;
}

/** The live view of the running program. */
export interface TopCommand {
  readonly name: 'top';
  readonly config: string | undefined;
  /** Default: by age. */
  readonly sort?: TopSort;
  /** Once, as JSON. */
  readonly json?: true;
}

/** A token of the admin API is to be made. */
export interface AdminTokenCommand {
  readonly name: 'admin';
  /** What it is called. */
  readonly token: string;
  readonly role: AdminRole;
}

/** A password is to be hashed. */
export interface HashCommand {
  readonly name: 'hash';
  readonly hashing: Hashing;
}

/** A proxy without a file. Its values are as they were written. */
export interface QuickCommand {
  readonly name: 'forward' | 'reverse';
  readonly listen: string | undefined;
  readonly servers: readonly string[];
  readonly allow: readonly string[];
  readonly log: string | undefined;
  /** The URL of a proxy by which others are reached, or `env`. */
  readonly parent: string | undefined;
  readonly print: boolean;
}

export interface InitCommand {
  readonly name: 'init';
  readonly file: string | undefined;
  readonly mode: 'forward' | 'reverse' | undefined;
  readonly listen: string | undefined;
  readonly servers: readonly string[];
  readonly allow: readonly string[];
  readonly parent: string | undefined;
}

/** The values of options, by their names. Each is of the kind that the table says. */
interface Values {
  readonly config?: string;
  readonly client?: string;
  readonly listener?: string;
  readonly destination?: string;
  readonly certificate?: string;
  readonly group?: readonly string[];
  readonly header?: readonly string[];
  readonly at?: string;
  readonly explain?: string;
  readonly listen?: string;
  readonly log?: string;
  readonly mode?: string;
  readonly parent?: string;
  readonly role?: string;
  readonly realm?: string;
  readonly scheme?: string;
  readonly service?: string;
  readonly sort?: string;
  readonly until?: string;
  readonly user?: string;
  readonly canary?: string;
  readonly message?: string;
  readonly wait?: string;
  readonly allow?: readonly string[];
  readonly to?: readonly string[];
  readonly json?: true;
  readonly everywhere?: true;
  readonly plan?: true;
  readonly print?: true;
  readonly promote?: true;
  readonly undo?: true;
  readonly help?: true;
  readonly version?: true;
}

/** Reads the arguments after the program's name. Throws a {@link UsageError}. */
export function parseArguments(argv: readonly string[]): Command {
  const { values, positionals } = readOptions(argv);
  if (values.help === true) return { name: 'help' };
  if (values.version === true) return { name: 'version' };
  const [name = 'run', ...rest] = positionals;
  const names = COMMANDS.map((command) => command.name);
  if (!names.includes(name)) throw new UsageError(`unknown command "${name}"${didYouMean(name, names)}`);
  const misplaced = OPTIONS.find((option) => Object.hasOwn(values, option.name) && !takes(name, option));
  if (misplaced !== undefined) throw new UsageError(`--${misplaced.name} is only for ${commandsOf(misplaced)}.`);
  if (name === 'explain') return explainCommand(rest, values);
  if (name === 'forward' || name === 'reverse') return quickCommand(name, rest, values);
  if (name === 'init') return initCommand(rest, values);
  if (name === 'completions') return completionsCommand(rest);
  if (name === 'logs') return logsCommand(rest, values);
  if (name === 'upgrade' || (name === 'reload' && rest.length > 0)) return signalCommand(name, rest, values);
  if (name === 'admin') return adminCommand(rest, values);
  if (name === 'hash') return hashCommand(rest, values);
  if (name === 'config') return configCommand(rest, values);
  if (name === 'push') return pushCommand(rest, values);
  if (name === 'rollback') return rollbackCommand(rest, values);
  if (name === 'versions') return versionsCommand(rest, values);
  if (name === 'cluster') return clusterCommand(rest, values);
  if (name === 'server') return serverCommand(rest, values);
  if (name === 'revoke') return revokeCommand(rest, values);
  const [surplus] = rest;
  if (surplus !== undefined && name === 'drain')
    throw new UsageError(
      `drain ends the whole program; a server of a pool is taken out by: inband server drain POOL ${surplus}`,
    );
  if (surplus !== undefined)
    throw new UsageError(`"${surplus}" is one argument too many; a file is named with --config.`);
  if (name === 'reload' || name === 'drain') return { name, config: values.config };
  if (name === 'top') return topCommand(values);
  if (name === 'status') return { name, config: values.config, ...(values.json === true && { json: true }) };
  if (name === 'pac') return { name, config: values.config, service: values.service };
  return name === 'check' ? checkCommand(values) : runCommand(values);
}

/** Without a file, a parent or a log makes of it what `forward` runs. */
function runCommand({ config, parent, log }: Values): Command {
  if (parent === undefined && log === undefined) return { name: 'run', config };
  if (config !== undefined && log !== undefined)
    throw new UsageError('--log is for a proxy without a file; in a file it is the key "log".');
  if (config !== undefined)
    throw new UsageError(
      '--parent is for a proxy without a file; in a file it is a chainer, and "inband forward --parent URL --print" shows how that is written.',
    );
  return { name: 'forward', listen: undefined, servers: [], allow: [], log, parent, print: false };
}

function readOptions(argv: readonly string[]): { readonly values: Values; readonly positionals: readonly string[] } {
  const options = OPTIONS.map(({ name, short, value, repeated = false }) => {
    const type = value === undefined ? ('boolean' as const) : ('string' as const);
    return [name, { type, multiple: repeated, ...(short !== undefined && { short }) }] as const;
  });
  const { values, positionals, tokens } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(options),
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const seen = new Set<string>();
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const { repeated } = checkOption(token.name, token.rawName, token.value);
    if (seen.has(token.name) && repeated !== true)
      throw new UsageError(`${token.rawName} is given twice; ${once(token.name)}`);
    seen.add(token.name);
  }
  return { values, positionals };
}

function once(option: string): string {
  return option === 'config' ? 'there is one configuration, in one file.' : 'it takes one value.';
}

function checkOption(name: string, rawName: string, value: string | undefined): OptionEntry {
  const option = OPTIONS.find((known) => known.name === name);
  if (option === undefined) {
    const known = OPTIONS.map((entry) => `--${entry.name}`);
    throw new UsageError(`unknown option "${rawName}"${didYouMean(rawName, known)}`);
  }
  if (option.value !== undefined && (value === undefined || value === ''))
    throw new UsageError(`${rawName} needs a value.`);
  if (option.value === undefined && value !== undefined) throw new UsageError(`${rawName} takes no value.`);
  return option;
}

function commandsOf({ commands = [] }: OptionEntry): string {
  const quoted = commands.map((command) => `"inband ${command}"`);
  return quoted.length < 2 ? quoted.join('') : `${quoted.slice(0, -1).join(', ')} and ${quoted.at(-1) ?? ''}`;
}

function didYouMean(word: string, known: readonly string[]): string {
  const nearest = nearestKey(word, known);
  return nearest === undefined ? `; there are ${known.join(', ')}.` : `; did you mean "${nearest}"?`;
}

function checkCommand({ config, plan, json }: Values): CheckCommand {
  if (plan === true && json === true) throw new UsageError('--plan and --json are two outputs; choose one.');
  return { name: 'check', config, ...(plan === true && { plan }), ...(json === true && { json }) };
}

function quickCommand(name: 'forward' | 'reverse', args: readonly string[], values: Values): QuickCommand {
  const [listen, servers] = values.listen === undefined ? [args[0], args.slice(1)] : [values.listen, args];
  if (name === 'forward' && servers.length > 0)
    throw new UsageError('forward takes one address to listen on; its clients choose the servers.');
  if (name === 'reverse' && (listen === undefined || servers.length === 0))
    throw new UsageError('reverse needs an address to listen on and a server: inband reverse :8080 10.0.0.1:80');
  const { log, allow = [], parent, print = false } = values;
  return { name, listen, servers, allow, log, parent, print };
}

function initCommand([file, surplus]: readonly string[], values: Values): InitCommand {
  if (surplus !== undefined) throw new UsageError(`"${surplus}" is one argument too many; init writes one file.`);
  const { mode, listen, to = [], allow = [], parent } = values;
  if (mode !== undefined && mode !== 'forward' && mode !== 'reverse')
    throw new UsageError(`--mode is forward or reverse, found ${JSON.stringify(mode)}.`);
  if (mode !== 'reverse' && to.length > 0) throw new UsageError('--to needs --mode reverse.');
  return { name: 'init', file, mode, listen, servers: to, allow, parent };
}

function topCommand({ config, sort, json }: Values): TopCommand {
  const known = sortNamed(sort);
  return { name: 'top', config, ...(known !== undefined && { sort: known }), ...(json === true && { json }) };
}

function logsCommand(files: readonly string[], { explain: id, config }: Values): LogsCommand {
  if (id === undefined) throw new UsageError('logs needs the id of a request: inband logs --explain k3v9x2pq-1042');
  if (!/^[\w.-]+-\d+$/.test(id))
    throw new UsageError(
      `"${id}" is no id of a request; such as k3v9x2pq-1042 is in its access line and its error page.`,
    );
  if (config !== undefined && files.length > 0)
    throw new UsageError('--config names the log file, and so do the arguments; leave one of them out.');
  return { name: 'logs', id, config, files };
}

function signalCommand(
  name: 'reload' | 'upgrade',
  [pid = '', surplus]: readonly string[],
  { config }: Values,
): SignalCommand {
  if (!/^[1-9]\d{0,9}$/.test(pid) || surplus !== undefined)
    throw new UsageError(`${name} takes the process id of the running program: inband ${name} 1234`);
  if (config !== undefined)
    throw new UsageError('--config names the running program, and so does its process id; leave one of them out.');
  return { name, pid: Number(pid) };
}

function configCommand([what, id, surplus]: readonly string[], { config }: Values): ConfigPullCommand {
  if (what !== 'pull') throw new UsageError('config puts changes of the admin API into the file: inband config pull');
  if (surplus !== undefined)
    throw new UsageError(`"${surplus}" is one argument too many; leave the id out for all changes.`);
  return { name: 'config', config, id };
}

function revokeCommand([token, surplus]: readonly string[], { config, until, undo }: Values): RevokeCommand {
  if (surplus !== undefined) throw new UsageError(`"${surplus}" is one argument too many; revoke takes one token.`);
  if (undo === true && until !== undefined)
    throw new UsageError('--until is for a token that is revoked, not for --undo.');
  return { name: 'revoke', config, token, until, undo: undo === true };
}

function adminCommand([what, token, surplus]: readonly string[], { role }: Values): AdminTokenCommand {
  if (what !== 'token' || token === undefined || token === '')
    throw new UsageError('admin makes a token for somebody: inband admin token NAME --role read');
  if (surplus !== undefined) throw new UsageError(`"${surplus}" is one argument too many; a token has one name.`);
  const known = ADMIN_ROLES.find((one) => one === role);
  if (known === undefined) throw new UsageError(`--role is one of ${ADMIN_ROLES.join(', ')}.`);
  return { name: 'admin', token, role: known };
}

/** A password on the command line would be in the list of processes and in the history of the shell. */
function hashCommand([surplus]: readonly string[], { scheme = 'argon2id', user, realm }: Values): HashCommand {
  if (surplus !== undefined)
    throw new UsageError(
      'hash reads the password from the terminal or from standard input, not from the command line.',
    );
  if (scheme === 'digest') return { name: 'hash', hashing: { scheme, ...ofDigest(user, realm) } };
  if (scheme !== 'argon2id' && scheme !== 'scrypt' && scheme !== 'token')
    throw new UsageError(`--scheme is argon2id, scrypt, digest or token, found ${JSON.stringify(scheme)}.`);
  if (user !== undefined || realm !== undefined) throw new UsageError('--user and --realm are for --scheme digest.');
  return { name: 'hash', hashing: { scheme } };
}

/** Other than those of passwords, such a hash is of the user and the realm as well. */
function ofDigest(user: string | undefined, realm: string | undefined): { user: string; realm: string } {
  if (user === undefined || realm === undefined || user === '' || user.includes(':'))
    throw new UsageError('a hash of digest is of a user and a realm: --scheme digest --user ann --realm build.');
  return { user, realm };
}

function completionsCommand([word, surplus]: readonly string[]): Command {
  const shell = SHELLS.find((known) => known === word);
  if (shell === undefined || surplus !== undefined)
    throw new UsageError(`completions takes the name of a shell: ${SHELLS.join(', ')}.`);
  return { name: 'completions', shell };
}
