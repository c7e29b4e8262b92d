import { errorCode } from './dns-errors.ts';
import { type HostsTable, hostsKey, parseHosts } from './hosts-file.ts';
import type { Machine } from './machine.ts';
import { type HostSources, parseHostSources } from './nss-conf.ts';
import { parseResolvConf, type ResolvConf } from './resolv-conf.ts';

const HOSTS = '/etc/hosts';
const RESOLV_CONF = '/etc/resolv.conf';
const NSSWITCH = '/etc/nsswitch.conf';

/** Environment variables that change how names are looked up (resolver(3), resolv.conf(5), hostname(7)). */
const VARIABLES = ['LOCALDOMAIN', 'RES_OPTIONS', 'HOSTALIASES'];

/** Milliseconds before the files are checked again. */
const FRESH = 1_000;
/** Milliseconds between checks of the files while no name is looked up. */
const INTERVAL = 2_000;

/** Milliseconds before interfaces are listed again, because some machines have thousands. */
const INTERFACES_FRESH = 10_000;

/** Codes of a temporary lack of file descriptors or memory. */
const SHORTAGES = new Set(['EMFILE', 'ENFILE', 'ENOMEM']);

/** How this machine is configured to look names up. */
export interface SystemNames {
  /** The content of /etc/hosts. Undefined where it does not come first. */
  readonly hosts: HostsTable | undefined;
  readonly resolvConf: ResolvConf;
  /** Why only the system can look names up. Undefined when our DNS client can do it. */
  readonly needsSystem: string | undefined;
  /** Names that nss-myhostname answers. Only the system can look them up. */
  readonly machineNames: ReadonlySet<string>;
  /** Whether an interface has a global IPv6 address. */
  readonly hasGlobalIpv6: boolean;
  /** Whether a file could not be opened for lack of descriptors or memory, so that it is read again later. */
  readonly isShort: boolean;
}

/** Watches how this machine is configured to look names up. Files are read again when they change. */
export class SystemNamesFollower {
  readonly #machine: Machine;
  #stamps = '';
  #names: SystemNames | undefined = undefined;
  #checkedAt = 0;
  #hasGlobalIpv6 = false;
  #interfacesCheckedAt = -Infinity;
  #timer: NodeJS.Timeout | undefined = undefined;
  #changed: (() => void) | undefined = undefined;
  #closed = false;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** The configuration, at most a second old. The same object until it changes. */
  current(): SystemNames {
    if (this.#names === undefined || performance.now() - this.#checkedAt >= FRESH) return this.#check();
    return this.#names;
  }

  /** Calls `changed` whenever the configuration changes, even while no name is looked up. */
  follow(changed: () => void): void {
    this.#changed = changed;
    if (this.#closed || this.#timer !== undefined) return;
    this.#timer = setInterval(() => this.current(), INTERVAL).unref();
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
  }

  #check(): SystemNames {
    const known = this.#names;
    const hasGlobalIpv6 = this.#checkInterfaces();
    const files = [HOSTS, RESOLV_CONF, NSSWITCH].map((path) => this.#machine.stampOf(path));
    const stamps = [...files, hasGlobalIpv6, this.#machine.hostname()].join('\n');
    this.#checkedAt = performance.now();
    if (known !== undefined && stamps === this.#stamps) return known;
    const names = readSystemNames(this.#machine, hasGlobalIpv6);
    // A shortage says nothing about the files. The last configuration is used until they can be read.
    if (names.isShort) return (this.#names ??= names);
    // The stamps are older than the content, so a write in between changes them and the files are read again.
    this.#stamps = stamps;
    this.#names = names;
    if (known !== undefined) this.#changed?.();
    return names;
  }

  #checkInterfaces(): boolean {
    const now = performance.now();
    if (now - this.#interfacesCheckedAt < INTERFACES_FRESH) return this.#hasGlobalIpv6;
    try {
      this.#hasGlobalIpv6 = this.#machine.hasGlobalIpv6();
      this.#interfacesCheckedAt = now;
    } catch {
      // No file descriptor is left. The interfaces are listed at the next check.
    }
    return this.#hasGlobalIpv6;
  }
}

/** Reads the configuration. Never throws, because an unreadable file is a reason to use getaddrinfo. */
export function readSystemNames(machine: Machine, hasGlobalIpv6: boolean): SystemNames {
  const problems: string[] = [];
  let isShort = false;
  const read = (path: string): string | undefined => {
    try {
      return machine.read(path);
    } catch (error) {
      isShort ||= SHORTAGES.has(errorCode(error) ?? '');
      problems.push(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  };
  const hostname = machine.hostname();
  const sources = parseHostSources(read(NSSWITCH));
  const resolvConf = parseResolvConf(read(RESOLV_CONF) ?? '', hostname);
  // Other systems do not say which sources they use in which order.
  const isLinux = machine.platform === 'linux';
  const hosts = isLinux && sources.filesFirst ? parseHosts(read(HOSTS) ?? '') : undefined;
  const machineNames = new Set(sources.myHostname ? [hostsKey(hostname), '_gateway', '_outbound'] : []);
  const needsSystem = problems[0] ?? whySystem(machine, sources, resolvConf);
  return { hosts, resolvConf, needsSystem, machineNames, hasGlobalIpv6, isShort };
}

function whySystem(machine: Machine, sources: HostSources, { unimplemented }: ResolvConf): string | undefined {
  if (machine.platform !== 'linux') return `on ${machine.platform} only the system knows how names are looked up`;
  if (sources.needsSystem !== undefined) return `${sources.needsSystem} (hosts in ${NSSWITCH})`;
  if (unimplemented.length > 0) return `${RESOLV_CONF} has "${unimplemented[0]}", which only the system does`;
  const variable = VARIABLES.find((name) => machine.env(name) !== undefined);
  return variable === undefined ? undefined : `the environment variable ${variable} is set`;
}
