import type { Machine } from '../src/resolver/machine.ts';

/** A Linux machine in memory with the files of a test and a global IPv6 address. */
export class FakeMachine implements Machine {
  platform = 'linux';
  readonly files: Record<string, string | Error | undefined>;
  readonly variables: Record<string, string> = {};
  name = 'host';
  globalIpv6 = true;

  constructor(files: Record<string, string | Error> = {}) {
    this.files = files;
  }

  env(name: string): string | undefined {
    return this.variables[name];
  }

  hostname(): string {
    return this.name;
  }

  hasGlobalIpv6(): boolean {
    return this.globalIpv6;
  }

  lookupThreads(): number {
    return 2;
  }

  stampOf(path: string): string {
    return String(this.files[path] ?? 'none');
  }

  read(path: string): string | undefined {
    const content = this.files[path];
    if (content instanceof Error) throw content;
    return content;
  }
}
