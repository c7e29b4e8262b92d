import { execFileSync } from 'node:child_process';
import { networkInterfaces } from 'node:os';
import { type ConfigInput, createInband } from 'inband';
import { A, DnsServer } from '../../support/dns-server.ts';
import { ask } from './ask.ts';
import { type Cell, cells, REQUESTS, type Seen } from './cells.ts';
import { type Ailment, FaultyServer } from './faulty-server.ts';

/**
 * Runs cells of the fault matrix in the network namespace that it is started in, which must have only loopback, and prints what was
 * seen, as JSON. Parameters: kinds of requests, or none for all; `1` for one dead server only.
 */
const SERVERS = 3;
/** Milliseconds that finding out and coming back may take. */
const PATIENCE = 8_000;

const AILMENTS: Partial<Record<Cell['fault'], Ailment>> = {
  refuses: 'refuses',
  'accepts and resets': 'resets',
  'accepts and is silent': 'silent',
  'answers 503': 'answers 503',
  'answers slowly': 'slow',
};

/** The servers of one cell, each with an address and a name of its own. */
class CellLab {
  readonly cell: Cell;
  readonly servers: readonly FaultyServer[];
  readonly port: number;
  readonly #number: number;

  constructor(cell: Cell, number: number) {
    this.cell = cell;
    this.#number = number;
    this.port = 10_000 + number;
    this.servers = Array.from({ length: SERVERS }, (_, index) => new FaultyServer(`10.72.${number}.${index + 1}`));
  }

  get service(): string {
    return `cell${this.#number}`;
  }

  get names(): string[] {
    return this.servers.map((_, index) => `s${index + 1}.${this.service}.example`);
  }

  get dead(): readonly FaultyServer[] {
    return this.servers.slice(0, this.cell.dead);
  }

  async break(): Promise<void> {
    const { fault } = this.cell;
    const ailment = AILMENTS[fault];
    if (ailment !== undefined) await Promise.all(this.dead.map((server) => server.turn(ailment)));
    if (fault === 'drops packets') for (const { address } of this.dead) dropped(address, true);
    if (fault === 'loses its name') for (const name of this.names.slice(0, this.cell.dead)) lost.add(name);
  }

  async heal(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.turn('well')));
    if (this.cell.fault === 'drops packets') for (const { address } of this.dead) dropped(address, false);
    for (const name of this.names) lost.delete(name);
  }
}

/** Names that do not exist any more. */
const lost = new Set<string>();

function refuseElsewhere(): void {
  const others = Object.keys(networkInterfaces()).filter((name) => name !== 'lo');
  if (others.length > 0)
    throw new Error(`This runs only in a network namespace of its own; there is ${others.join(', ')}.`);
}

function dropped(address: string, isOn: boolean): void {
  execFileSync('nft', [isOn ? 'add' : 'delete', 'element', 'inet', 'faults', 'dropped', `{ ${address} }`]);
}

function setUpNetwork(labs: readonly CellLab[]): void {
  const addresses = labs.flatMap(({ servers }) => servers.map(({ address }) => `addr add ${address}/32 dev lo`));
  execFileSync('ip', ['-batch', '-'], { input: ['link set lo up', ...addresses].join('\n') });
  const rules = `table inet faults {
    set dropped { type ipv4_addr; }
    chain input { type filter hook input priority 0; ip daddr @dropped drop; ip saddr @dropped drop; }
  }`;
  execFileSync('nft', ['-f', '-'], { input: rules });
}

async function startDns(labs: readonly CellLab[]): Promise<string> {
  const dns = new DnsServer();
  const addresses = new Map(
    labs.flatMap(({ names, servers }) => names.map((name, index) => [name, servers[index]?.address ?? ''] as const)),
  );
  dns.reply = (name, type) => {
    const address = addresses.get(name);
    if (address === undefined || lost.has(name)) return { rcode: 3 };
    return type === A ? { records: [{ data: address.split('.').map(Number), ttl: 1 }] } : {};
  };
  return dns.listen();
}

function configuration(labs: readonly CellLab[], dns: string): ConfigInput {
  const services = labs.map(({ service, servers, names, cell }) => {
    const listed =
      cell.fault === 'loses its name'
        ? names.map((name) => `${name}:80`)
        : servers.map(({ address }) => `${address}:80`);
    const chainer = {
      type: 'pool' as const,
      servers: listed,
      connectTimeout: '400ms',
      check: { type: 'http' as const, path: '/health', interval: '400ms', timeout: '400ms', fall: 2, rise: 2 },
      retry: { on: ['connect' as const, 'reset' as const, 'timeout' as const, 503], perTry: '500ms' },
      slowStart: 0,
      eject: { first: '500ms' },
    };
    return [
      service,
      { mode: 'forward', http: { connectPorts: [443] }, access: [{ allow: {} }], routes: [{ chainer }] },
    ] as const;
  });
  return {
    transport: 'epoll',
    resolver: { type: 'dns', servers: [dns] },
    listeners: labs.map(({ port, service }) => ({ bind: `127.0.0.1:${port}`, service })),
    services: Object.fromEntries(services),
  } as unknown as ConfigInput;
}

function each(values: readonly string[]): string[] {
  return [...new Set(values)];
}

async function askMany(lab: CellLab, count: number): Promise<string[]> {
  const seen: string[] = [];
  for (let number = 0; number < count; number += 1) seen.push((await ask(lab.port, lab.cell.asks)).seen);
  return seen;
}

/** Asks until `isDone`, or it takes too long. */
async function askUntil(lab: CellLab, isDone: () => boolean): Promise<string[]> {
  const seen: string[] = [];
  const end = performance.now() + PATIENCE;
  while (!isDone() && performance.now() < end) {
    seen.push((await ask(lab.port, lab.cell.asks)).seen);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return seen;
}

/** Servers that the log says are not used, by address. */
const out = new Set<string>();

/** Follows what the log says of servers. */
function noteHealth(fields: object): void {
  const { server, why }: { server?: string; why?: string } = fields;
  if (server === undefined || why === undefined) return;
  out.add(server.replace(/:80$/, ''));
}

function noteReturn(fields: object): void {
  const { server }: { server?: string } = fields;
  if (server !== undefined) out.delete(server.replace(/:80$/, ''));
}

/** Attempts at servers that could not be connected to, by service. */
const failedAttempts = new Map<string, number>();

/** What was asked of the servers that are not well: requests that came to them, and attempts to connect. */
function wasted(lab: CellLab): number {
  return lab.dead.reduce((sum, { asked }) => sum + asked, 0) + (failedAttempts.get(lab.service) ?? 0);
}

async function run(lab: CellLab): Promise<Seen> {
  const isHarmless = lab.cell.fault === 'loses its name';
  await askMany(lab, 6);
  await lab.break();
  if (isHarmless) await new Promise((resolve) => setTimeout(resolve, 1_500));
  const isFoundOut = (): boolean => lab.dead.every(({ address }) => out.has(address));
  const first = isHarmless ? await askMany(lab, 9) : await askUntil(lab, isFoundOut);
  const before = wasted(lab);
  const later = await askMany(lab, 9);
  const wastedLater = isHarmless ? 0 : wasted(lab) - before;
  await lab.heal();
  await askUntil(lab, () => lab.servers.every(({ address }) => !out.has(address)));
  for (const server of lab.servers) server.asked = 0;
  const healed = await askUntil(lab, () => lab.servers.every(({ asked }) => asked > 0));
  const serversAgain = lab.servers.filter(({ asked }) => asked > 0).length;
  return {
    ...lab.cell,
    first: each(first),
    later: each(later),
    wasted: wastedLater,
    healed: each(healed.slice(-3)),
    serversAgain,
  };
}

refuseElsewhere();
const parameters = process.argv.slice(2);
const asks = REQUESTS.filter((kind) => parameters.includes(kind));
const chosen = cells(asks.length > 0 ? asks : REQUESTS, parameters.includes('1') ? [1] : [1, 2, 3]);
const labs = chosen.map((cell, index) => new CellLab(cell, index + 1));
setUpNetwork(labs);
await Promise.all(labs.flatMap(({ servers }) => servers.map((server) => server.turn('well'))));
const inband = await createInband(configuration(labs, await startDns(labs)), {
  logger: { debug: () => {}, info: noteReturn, warn: noteHealth, error: () => {} },
  onSession: ({ session }) => {
    const failed = session.attempts?.filter(({ error }) => error !== undefined).length ?? 0;
    const { name } = session.service;
    if (failed > 0) failedAttempts.set(name, (failedAttempts.get(name) ?? 0) + failed);
  },
});
const seen = await Promise.all(labs.map((lab) => run(lab)));
process.stdout.write(`${JSON.stringify(seen)}\n`);
await inband.close({ grace: 0 });
process.exit(0);
