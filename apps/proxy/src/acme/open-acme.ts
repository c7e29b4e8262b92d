import {
  type AcmeStorage,
  Board,
  certificateName,
  type ChallengeType,
  DnsSolver,
  type IssuedCertificate,
  isHostName,
  Keeper,
  matchesName,
  NO_CHALLENGES,
  type OpenChallenges,
  type Solver,
  StateFolder,
  systemClock,
  undiciAsk,
} from '@inband/acme';
import { type Logger, ProxyError, toProxyError } from '@inband/core';
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { madeBy } from '../config/plugins/made-by.ts';
import type { ParsedConfig } from '../config/parse-config.ts';
import { errorsOf } from '../config/problem/placed.ts';
import type { SecretSharing, SharedAcme } from './shared/share-acme.ts';
import type { ConfigSource } from '../config/read/read-source.ts';
import type { Config } from '../config/schema/schema.ts';
import type { AcmeState } from './acme-view.ts';
import type { OpenedAcme } from './opened-acme.ts';

type AcmeConfig = NonNullable<Config['acme']>;

export interface OpenAcmeDeps {
  readonly parsed: ParsedConfig;
  readonly source: ConfigSource;
  readonly logger: Logger;
  /** Tells whoever serves clients. Resolves when all of them know. */
  readonly publish: (state: AcmeState) => Promise<void>;
  /** By what members of a cluster share it. Undefined: it is of this machine alone. */
  readonly sharing: SecretSharing | undefined;
}

/** Reads what the state folder has. Nothing is asked of the CA yet. Rejects with a `ConfigError` if a file or the folder is of no use. */
export async function openAcme(config: AcmeConfig, deps: OpenAcmeDeps): Promise<OpenedAcme> {
  const { source, logger, publish } = deps;
  const allow = config.onDemand?.allow ?? [];
  let certificates: readonly IssuedCertificate[] = [];
  let challenges: OpenChallenges = NO_CHALLENGES;
  const state = (): AcmeState => ({
    certificates: certificates.map(({ certificate, key, sha256 }) => ({ certificate, key, sha256 })),
    challenges,
    allow,
  });
  const asking = undiciAsk({ ca: await readCa(config, source), userAgent: 'inband' });
  const folder = await openFolder(config, deps);
  const shared = await openShared(config, folder, deps);
  const tell = async (open: OpenChallenges): Promise<void> => {
    challenges = open;
    await publish(state());
  };
  const opening = Keeper.open(optionsOf(config), {
    state: shared?.storage ?? (folder satisfies AcmeStorage),
    ask: asking.ask,
    solver: solverOf(config, deps, shared, tell),
    clock: systemClock,
    log: logger,
    random: Math.random,
    publish: (all) => {
      certificates = all;
      void publish(state());
    },
  });
  const keeper = await opening.catch((error: unknown) => refuse(source, 'state', error));
  return {
    begin: () => keeper.begin(),
    demand: (host) => keeper.demand(host),
    get state() {
      return state();
    },
    get status() {
      return keeper.status;
    },
    async close() {
      await keeper.close();
      await shared?.close();
      await asking.close();
    },
  };
}

function optionsOf({ directory, email, hosts, profile, eab, onDemand }: AcmeConfig) {
  const certificates = hosts.map((entry) => (typeof entry === 'string' ? [entry] : entry));
  return { directory, email, certificates, profile, externalAccount: eab, onDemand };
}

function solverOf(
  { challenge }: AcmeConfig,
  { parsed, source, logger }: OpenAcmeDeps,
  shared: SharedAcme | undefined,
  publish: (open: OpenChallenges) => Promise<void>,
): Solver {
  if (typeof challenge === 'string') {
    const board = new Board(challenge satisfies ChallengeType, publish, systemClock);
    return shared?.solver(board) ?? board;
  }
  const plugin = parsed.registry.acmeDns(challenge.type);
  try {
    if (plugin === undefined) throw new ProxyError('proxy_configuration_error', 'there is no such plugin.');
    const dns = plugin.create(parsed.pluginOptions.get('acme.challenge'), { logger });
    return new DnsSolver(madeBy(plugin, dns, ['addText', 'removeText']), logger);
  } catch (error) {
    return refuse(source, 'challenge', error);
  }
}

/** What is needed for it is loaded where members share something. */
async function openShared(
  config: AcmeConfig,
  folder: StateFolder,
  { sharing, logger: log, source }: OpenAcmeDeps,
): Promise<SharedAcme | undefined> {
  if (sharing === undefined) return undefined;
  const { directory, onDemand } = config;
  const names = new Set(optionsOf(config).certificates.map(certificateName));
  const wants = (name: string): boolean =>
    names.has(name) || (isHostName(name) && (onDemand?.allow ?? []).some((pattern) => matchesName(pattern, name)));
  const { shareAcme } = await import('./shared/share-acme.ts');
  return shareAcme({ sharing, directory, folder, log, wants, clock: systemClock }).catch((error: unknown) =>
    refuse(source, 'state', error),
  );
}

async function readCa({ ca }: AcmeConfig, source: ConfigSource): Promise<string | undefined> {
  if (ca === undefined) return undefined;
  try {
    const pem = await readFile(resolve(source.baseDirectory, ca), 'utf8');
    // The first one stands for all: what is no certificate at all is found before the CA is asked.
    void new X509Certificate(pem);
    return pem;
  } catch (error) {
    return refuse(source, 'ca', error);
  }
}

async function openFolder({ state, directory }: AcmeConfig, { source, logger }: OpenAcmeDeps): Promise<StateFolder> {
  try {
    return await StateFolder.open(resolve(source.baseDirectory, state), directory, logger);
  } catch (error) {
    return refuse(source, 'state', error);
  }
}

function refuse(source: ConfigSource, key: keyof AcmeConfig, error: unknown): never {
  throw errorsOf(source, [{ path: ['acme', key], message: toProxyError(error).message }]);
}
