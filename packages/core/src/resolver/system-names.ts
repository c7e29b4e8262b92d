import { errorCode } from './dns-errors.ts';
import { type HostsTable, hostsKey, parseHosts } from './hosts-file.ts';
import type { Machine } from './machine.ts';
import { type HostSources, parseHostSources } from './nss-conf.ts';
import { parseResolvConf, type ResolvConf } from './resolv-conf.ts';

const HOSTS = '/etc/hosts';
const RESOLV_CONF = '/etc/resolv.conf';
const NSSWITCH = '/etc/nsswitch.conf';

/** Environment variables by which one process has names looked up otherwise (resolver(3), resolv.conf(5), hostname(7)). */
const VARIABLES = ['LOCALDOMAIN', 'RES_OPTIONS', 'HOSTALIASES'];

/** Milliseconds for which the files are not looked at again. */
const FRESH = 1_000;
/** Milliseconds between two looks at them when nobody asks. */
const INTERVAL = 2_000;

/** Milliseconds for which its interfaces are not looked at again: some machines have thousands. */
const INTERFACES_FRESH = 10_000;

/** No file can be opened now. */
const SHORTAGES = new Set(['EMFILE', 'ENFILE', 'ENOMEM']);

/** How the machine says that names are looked up. */
export interface SystemNames {
  /** Undefined where /etc/hosts is not what is asked first. */
  readonly hosts: HostsTable | undefined;
  readonly resolvConf: ResolvConf;
  /** Why that is more than /etc/hosts, then DNS, in a way that we do not do; undefined when we can do it. */
  readonly notPlain: string | undefined;
  /** Names that the module myhostname answers: only the system knows them. */
  readonly machineNames: ReadonlySet<string>;
  /** Whether global IPv6 addresses can be reached. */
  readonly hasGlobalIpv6: boolean;
  /** A file could not be opened because this process, or the machine, has no descriptor left: it is worth another look. */
  readonly isShort: boolean;
}

/** Follows the machine's own configuration of names: its files are read again when they change. */
export class SystemNamesFollower {
  readonly #machine: Machine;
  #stamps = '';
  #names: SystemNames | undefined = undefined;
  #lookedAt = 0;
  #hasGlobalIpv6 = false;
  #interfacesLookedAt = -Infinity;
  #timer: NodeJS.Timeout | undefined = undefined;
  #changed: (() => void) | undefined = undefined;
  #closed = false;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** What the files say, or said at most a second ago. The same object as long as they stay. */
  current(): SystemNames {
    if (this.#names === undefined || performance.now() - this.#lookedAt >= FRESH) return this.#look();
    return this.#names;
  }

  /** From now on `changed` is called when they say something else, whether or not anybody asks. */
  follow(changed: () => void): void {
    this.#changed = changed;
    if (this.#closed || this.#timer !== undefined) return;
    this.#timer = setInterval(() => this.current(), INTERVAL).unref();
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
  }

  #look(): SystemNames {
    const known = this.#names;
    const hasGlobalIpv6 = this.#lookAtInterfaces();
    const files = [HOSTS, RESOLV_CONF, NSSWITCH].map((path) => this.#machine.stampOf(path));
    const stamps = [...files, hasGlobalIpv6, this.#machine.hostname()].join('\n');
    this.#lookedAt = performance.now();
    if (known !== undefined && stamps === this.#stamps) return known;
    const names = readSystemNames(this.#machine, hasGlobalIpv6);
    // It says nothing about the files. What they said before holds until they can be read.
    if (names.isShort) return (this.#names ??= names);
    // Read after it was looked at: what is written in between changes the stamp, and is read next time.
    this.#stamps = stamps;
    this.#names = names;
    if (known !== undefined) this.#changed?.();
    return names;
  }

  #lookAtInterfaces(): boolean {
    const now = performance.now();
    if (now - this.#interfacesLookedAt < INTERFACES_FRESH) return this.#hasGlobalIpv6;
    try {
      this.#hasGlobalIpv6 = this.#machine.hasGlobalIpv6();
      this.#interfacesLookedAt = now;
    } catch {
      // To ask takes a descriptor, and none may be left. Next time, then.
    }
    return this.#hasGlobalIpv6;
  }
}

/** Reads how this machine looks names up. Never throws: a file that cannot be read is a reason to leave it to the system. */
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
  // Elsewhere it is the system's secret who is asked, and in which order.
  const isLinux = machine.platform === 'linux';
  const hosts = isLinux && sources.filesFirst ? parseHosts(read(HOSTS) ?? '') : undefined;
  const machineNames = new Set(sources.myHostname ? [hostsKey(hostname), '_gateway', '_outbound'] : []);
  const notPlain = problems[0] ?? whyNotPlain(machine, sources, resolvConf);
  return { hosts, resolvConf, notPlain, machineNames, hasGlobalIpv6, isShort };
}

function whyNotPlain(machine: Machine, sources: HostSources, { unimplemented }: ResolvConf): string | undefined {
  if (machine.platform !== 'linux') return `on ${machine.platform} only the system knows how names are looked up`;
  if (sources.notPlain !== undefined) return `${sources.notPlain} (hosts in ${NSSWITCH})`;
  if (unimplemented.length > 0) return `${RESOLV_CONF} has "${unimplemented[0]}", which only the system does`;
  const variable = VARIABLES.find((name) => machine.env(name) !== undefined);
  return variable === undefined ? undefined : `the environment variable ${variable} is set`;
}
