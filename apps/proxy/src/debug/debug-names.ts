import { type DiagnosticName, diagnostics } from '@inband/core';
import { nearestKey } from '../config/problem/nearest-key.ts';

const KNOWN = Object.keys(diagnostics);

/** The channels that a text like `exchange,pool` names, or `*` for all. */
export interface DebugNames {
  readonly names: ReadonlySet<DiagnosticName>;
  /** One sentence for each name that is none. */
  readonly problems: readonly string[];
}

export function parseDebugNames(text: string): DebugNames {
  const names = new Set<DiagnosticName>();
  const problems: string[] = [];
  for (const word of text.split(',')) {
    const name = word.trim().replace(/^inband:/, '');
    if (name === '') continue;
    if (isDiagnosticName(name)) names.add(name);
    else if (name === '*') for (const known of KNOWN.filter(isDiagnosticName)) names.add(known);
    else problems.push(`there is no channel ${JSON.stringify(name)}; ${hint(name)}`);
  }
  return { names, problems };
}

function isDiagnosticName(name: string): name is DiagnosticName {
  return KNOWN.includes(name);
}

function hint(name: string): string {
  const nearest = nearestKey(name, KNOWN);
  const known = `are ${KNOWN.join(', ')}, and * for all.`;
  return nearest === undefined ? `there ${known}` : `did you mean "${nearest}"? There ${known}`;
}
