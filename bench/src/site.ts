import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Origins } from './setup.ts';

const TEMPLATES = fileURLToPath(new URL('..', import.meta.url));

/** Replaces every `{{name}}` of `template`; a name without a value is an error, and so is a value without a place. */
export function fill(template: string, values: Readonly<Record<string, string | number>>): string {
  const unused = new Set(Object.keys(values));
  const text = template.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`template: no value for {{${name}}}`);
    unused.delete(name);
    return String(value);
  });
  if (unused.size > 0) throw new Error(`template: no place for ${[...unused].join(', ')}`);
  return text;
}

/** Where one started server lives: its own directory, port and the origins that it may reach. */
export class Site {
  readonly directory: string;
  readonly port: number;
  readonly origins: Origins;

  /** Makes `directory`, open to every user: nginx and Squid change to another when they are started by root. */
  constructor(directory: string, port: number, origins: Origins) {
    this.directory = directory;
    this.port = port;
    this.origins = origins;
    mkdirSync(directory, { recursive: true });
    chmodSync(directory, 0o777);
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  /** Writes a file of this site, and returns its path. */
  write(name: string, text: string | Uint8Array): string {
    const path = this.path(name);
    writeFileSync(path, text, { mode: 0o644 });
    return path;
  }

  /** Fills `bench/TEMPLATE` and writes it here under its own name. */
  render(template: string, values: Readonly<Record<string, string | number>>): string {
    const text = readFileSync(join(TEMPLATES, template), 'utf8');
    return this.write(template.replaceAll('/', '-'), fill(text, values));
  }
}
