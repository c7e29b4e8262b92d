import { CLUSTER_WORDS, SERVER_WORDS } from './running/cluster/cluster-arguments.ts';

/** A command of the program, as the help, the man page and the completions of shells have it. */
export interface CommandEntry {
  readonly name: string;
  /** What follows the name; one for each way to write it. */
  readonly synopsis: readonly string[];
  readonly text: string;
  /** The words that its first argument may be. */
  readonly words?: readonly string[];
}

export interface OptionEntry {
  readonly name: string;
  readonly short?: string;
  /** What its value is called; left out where there is none. */
  readonly value?: string;
  /** The commands that have it; left out for all of them. */
  readonly commands?: readonly string[];
  /** May be given several times. */
  readonly repeated?: true;
  readonly text: string;
}

/** The shells for which there are completions. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'run',
    synopsis: ['[--config FILE | [--parent URL] [--log HOW]]'],
    text: 'Runs the proxy (the default). Without --config: a forward proxy on 127.0.0.1:3128. SIGTERM, SIGINT and SIGQUIT end it in an orderly way, a second one at once. SIGHUP reads the configuration again and loses nothing.',
  },
  {
    name: 'check',
    synopsis: ['[--config FILE] [--plan | --json]'],
    text: 'Checks a configuration and exits.',
  },
  {
    name: 'explain',
    synopsis: [
      '[--config FILE] [--client ADDR] [--listener BIND] [--destination ADDR:PORT] [--certificate NAME] [--user NAME [--group NAME]…] [--header FIELD]… [--at TIME] [--json] [METHOD] URL',
    ],
    text: 'Says what would become of a request, and by which rule, route and chainer, without connecting. URL is http://…, https://…, socks5://host:port or, for CONNECT, host:port.',
  },
  {
    name: 'forward',
    synopsis: ['[BIND] [--parent URL] [--allow CLIENTS]… [--log HOW] [--print]'],
    text: 'Runs a forward proxy without a file. BIND is an address with a port, or one of the two: 127.0.0.1:3128 if nothing is said, with the port of the environment variable PORT if there is one.',
  },
  {
    name: 'reverse',
    synopsis: ['BIND SERVER… [--parent URL] [--allow CLIENTS]… [--log HOW] [--print]'],
    text: 'Runs a reverse proxy in front of one server, or a pool of several, without a file. BIND is as for forward, with the port 8080. SERVER is host:port.',
  },
  {
    name: 'init',
    synopsis: ['[FILE] [--mode MODE] [--listen BIND] [--to SERVER]… [--parent URL] [--allow CLIENTS]…'],
    text: 'Writes a first configuration, inband.yaml if no other is named, and never over an existing file. On a terminal it asks for what no option says.',
  },
  {
    name: 'pac',
    synopsis: ['[--config FILE] [--service NAME]'],
    text: 'Prints the file by which browsers set themselves up to use a forward proxy (PAC), with the address that its listener binds.',
  },
  {
    name: 'logs',
    synopsis: ['--explain ID [--config FILE | LOG…]'],
    text: 'Finds a request in the log by the id of its line or its error page, and says in sentences what happened to it. LOG is a log file, with those that rotation has made of it; without one and without --config it is standard input.',
  },
  {
    name: 'reload',
    synopsis: ['PID | --config FILE'],
    text: 'Asks a running program to read its configuration again: by its process id (with workers that of the supervisor) with SIGHUP, and its log says what comes of it; by its configuration over its admin API, and prints what has changed. Nothing is lost; a configuration with errors is refused.',
  },
  {
    name: 'upgrade',
    synopsis: ['PID'],
    text: 'Asks a running program to start the version that is installed now in its place, without losing a client (SIGUSR2). Its log says what comes of it.',
  },
  {
    name: 'drain',
    synopsis: ['--config FILE'],
    text: 'Has the program that runs with this configuration end in an orderly way, over its admin API.',
  },
  {
    name: 'top',
    synopsis: ['--config FILE [--sort KEY] [--json]'],
    text: 'Shows what the program that runs with this configuration does: rates, workers, servers and sessions, every second on a terminal, once elsewhere. q leaves.',
  },
  {
    name: 'status',
    synopsis: ['--config FILE [--json]'],
    text: 'Prints whether the program that runs with this configuration is ready, where it listens and which configurations are in use. Exits with 1 if it is not ready.',
  },
  {
    name: 'cluster',
    synopsis: ['status --config FILE [--json]', 'sessions --config FILE [--sort KEY] [--json]'],
    text: 'Prints the members of the cluster of the program that runs with this configuration, which versions they run and what is stale; or the sessions of all members, those that last longest. Exit status of status: 3 if something is stale, 4 if the store is away.',
    words: CLUSTER_WORDS,
  },
  {
    name: 'server',
    synopsis: ['drain | down | up POOL ADDRESS --config FILE [--everywhere]'],
    text: 'Takes a server of a pool out of use: drain lets its sessions finish, down ends them, up takes that back. POOL and ADDRESS are as in /pools of the admin API: services.web.routes[0].chainer 10.0.0.1:80.',
    words: SERVER_WORDS,
  },
  {
    name: 'admin',
    synopsis: ['token NAME --role ROLE'],
    text: 'Makes a token of the admin API, and prints it with the lines for the configuration, which holds a hash of it only.',
    words: ['token'],
  },
  {
    name: 'revoke',
    synopsis: ['[NAME] [--until TIME] [--undo] --config FILE'],
    text: 'Has the program that runs with this configuration refuse a token before it expires, over its admin API: a bearer token, one of a service, or one of the admin API. With a store all members of the cluster do so. NAME is jti: and the id of a JWT, or sha256: and the hash of a token; without it, the token is read from standard input.',
  },
  {
    name: 'hash',
    synopsis: ['[--scheme SCHEME]', '--scheme digest --user NAME --realm REALM'],
    text: 'Prints the hash of a password, for "auth" of a service and for files of users. On a terminal it asks for the password and does not show it, else it reads one line of standard input.',
  },
  {
    name: 'config',
    synopsis: ['pull [ID] --config FILE'],
    text: 'Puts changes that were made over the admin API into the file, with its comments as they are, and has the program that runs with it read that. All of them, or the one with this id.',
    words: ['pull'],
  },
  {
    name: 'push',
    synopsis: [
      '[FILE] --config FILE [--canary SHARE] [--message TEXT] [--wait SECONDS]',
      '--promote --config FILE [--wait SECONDS]',
    ],
    text: 'Gives a configuration to all members of a cluster, over the admin API of the member that runs with --config. FILE is what is pushed; left out, that of --config. Every member looks at it before it becomes current anywhere. With --promote, the canary becomes the configuration of all.',
  },
  {
    name: 'rollback',
    synopsis: ['[VERSION] --config FILE [--message TEXT] [--wait SECONDS]'],
    text: 'Ends the canary; where there is none, gives an old version to all members of a cluster again: the one before the current, or this one.',
  },
  {
    name: 'versions',
    synopsis: ['[VERSION] --config FILE [--json]'],
    text: 'Prints the versions of the configuration of all members, who pushed them, when and why, and which member runs which; or the files of one version.',
  },
  {
    name: 'completions',
    synopsis: [SHELLS.join(' | ')],
    text: 'Prints the completions of the command line for a shell.',
    words: SHELLS,
  },
];

export const OPTIONS: readonly OptionEntry[] = [
  {
    name: 'config',
    short: 'c',
    value: 'FILE',
    commands: [
      'run',
      'check',
      'explain',
      'pac',
      'logs',
      'reload',
      'drain',
      'status',
      'top',
      'cluster',
      'server',
      'config',
      'push',
      'rollback',
      'versions',
      'revoke',
    ],
    text: 'The configuration: .yaml, .yml, .json, .ts, .mts, .js or .mjs; a folder of .yaml, .yml and .json files; or - for standard input.',
  },
  {
    name: 'client',
    value: 'ADDR',
    commands: ['explain'],
    text: 'Address of the client to explain for. Default: 127.0.0.1.',
  },
  {
    name: 'listener',
    value: 'BIND',
    commands: ['explain'],
    text: 'The listener that the client comes to, as its "bind". Default: the first.',
  },
  {
    name: 'destination',
    value: 'ADDR:PORT',
    commands: ['explain'],
    text: 'Where the client was going, if the listener is transparent. Default: the address in the URL.',
  },
  {
    name: 'certificate',
    value: 'NAME',
    commands: ['explain'],
    text: 'A name in the certificate that the client shows: a URI, a DNS name, an e-mail address or sha256:…. Default: it shows none.',
  },
  {
    name: 'header',
    value: 'FIELD',
    commands: ['explain'],
    repeated: true,
    text: 'A field of the request, "name: value", several times if need be: for rules and routes that look at fields and cookies.',
  },
  {
    name: 'at',
    value: 'TIME',
    commands: ['explain'],
    text: 'The time to explain for, for rules and routes with "when": 2026-12-24T18:00, by the clock of this machine, or with Z or +01:00 behind it. Default: now.',
  },
  {
    name: 'json',
    commands: ['explain', 'check', 'status', 'top', 'cluster', 'versions'],
    text: 'The explanation, the problems that a check finds, the status, what top or cluster shows, or the versions, as JSON.',
  },
  {
    name: 'plan',
    commands: ['check'],
    text: 'Everything that the configuration makes, with a hash of what it is made from.',
  },
  {
    name: 'listen',
    value: 'BIND',
    commands: ['forward', 'reverse', 'init'],
    text: 'The same as BIND. With it, all arguments of reverse are servers.',
  },
  {
    name: 'allow',
    value: 'CLIENTS',
    commands: ['forward', 'reverse', 'init'],
    repeated: true,
    text: 'An address or CIDR of clients, several times if need be. Then nobody else is served. Default: of forward, loopback and private networks; of reverse, everybody.',
  },
  {
    name: 'parent',
    value: 'URL',
    commands: ['run', 'forward', 'reverse', 'init'],
    text: 'A proxy by which servers are reached: http://, https://, socks5h:// (the proxy resolves names), socks5://, socks4a:// or socks4://, with a user and a password if need be. Or env: as http_proxy, https_proxy, all_proxy and no_proxy say.',
  },
  {
    name: 'log',
    value: 'HOW',
    commands: ['run', 'forward', 'reverse'],
    text: 'A level (debug, info, warn, error, silent) or a format (text, json, …) of the log, or both with a comma.',
  },
  {
    name: 'print',
    commands: ['forward', 'reverse'],
    text: 'Print the configuration as YAML instead of running it: the beginning of a file of your own.',
  },
  {
    name: 'service',
    value: 'NAME',
    commands: ['pac'],
    text: 'The service whose file it is. Default: the first of mode forward.',
  },
  {
    name: 'explain',
    value: 'ID',
    commands: ['logs'],
    text: 'The id of the request, such as k3v9x2pq-1042.',
  },
  {
    name: 'sort',
    value: 'KEY',
    commands: ['top', 'cluster'],
    text: 'By what sessions are sorted: seconds (the default), bytes, client or target.',
  },
  {
    name: 'everywhere',
    commands: ['server'],
    text: 'On all members of the cluster, those that start later included. Exits with 4 if the store cannot be asked; then only this member has it.',
  },
  { name: 'mode', value: 'MODE', commands: ['init'], text: 'forward (the default) or reverse.' },
  {
    name: 'to',
    value: 'SERVER',
    commands: ['init'],
    repeated: true,
    text: 'A server of the reverse proxy, host:port.',
  },
  {
    name: 'canary',
    value: 'SHARE',
    commands: ['push'],
    text: 'Only for this share of the members, at least one: 10%.',
  },
  {
    name: 'message',
    value: 'TEXT',
    commands: ['push', 'rollback'],
    text: 'Why, for whoever looks at the versions.',
  },
  {
    name: 'wait',
    value: 'SECONDS',
    commands: ['push', 'rollback'],
    text: 'How long every member has to look at it, at most 60. Default: 5.',
  },
  { name: 'promote', commands: ['push'], text: 'The canary becomes the configuration of all members.' },
  { name: 'role', value: 'ROLE', commands: ['admin'], text: 'What the token allows: read, operate or change.' },
  {
    name: 'scheme',
    value: 'SCHEME',
    commands: ['hash'],
    text: 'argon2id (the default), scrypt, which Node.js before 24.7 has, too, digest, or token, for random tokens.',
  },
  {
    name: 'user',
    value: 'NAME',
    commands: ['explain', 'hash'],
    text: 'Of explain: who the client has logged in as. Default: nobody. Of hash, with --scheme digest: whose password it is.',
  },
  {
    name: 'group',
    value: 'NAME',
    commands: ['explain'],
    repeated: true,
    text: 'A group of the user, several times if need be.',
  },
  {
    name: 'realm',
    value: 'REALM',
    commands: ['hash'],
    text: 'Of --scheme digest: the realm of the service.',
  },
  {
    name: 'until',
    value: 'TIME',
    commands: ['revoke'],
    text: 'When the token expires, such as 2026-12-24T18:00Z. Default: as it says itself, else in 30 days.',
  },
  { name: 'undo', commands: ['revoke'], text: 'Accept the token again.' },
  { name: 'version', short: 'v', text: 'The version.' },
  { name: 'help', short: 'h', text: 'This text.' },
];

export const EXIT_STATUS =
  'Exit status: 0 done; 1 the configuration or the command line is wrong, or the proxy cannot run; of explain: 0 allowed, 3 denied, 4 not known because the name could not be resolved, or does not say where an intercepted client was going; of cluster status: 0 well, 3 something is stale, 4 the store is away.';

/** Whether a command has an option. */
export function takes(command: string, { commands }: OptionEntry): boolean {
  return commands === undefined || commands.includes(command);
}
