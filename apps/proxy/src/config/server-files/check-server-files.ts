import { resolve } from 'node:path';
import { type ConfigPath, isRecord, type Problem } from '../problem/problem.ts';
import { FileProblem } from '../read/bounded-file.ts';
import { fileDiscoveryPlugin } from './file-discovery.ts';

interface DiscoveryUse {
  readonly provides: string;
  readonly type: string;
  readonly path: ConfigPath;
  readonly options: unknown;
}

/** Reads the files of servers that a configuration names, so that a wrong one is told at its place before anything starts. */
export async function checkServerFiles(uses: readonly DiscoveryUse[], baseDirectory: string): Promise<Problem[]> {
  const problems: Problem[] = [];
  const files = uses.filter(({ provides, type }) => provides === 'discovery' && type === fileDiscoveryPlugin.kind);
  if (files.length === 0) return problems;
  // It needs the parser of YAML, which a configuration without such files may not.
  const { readServerFile } = await import('./server-file.ts');
  for (const { path, options } of files) {
    const file = isRecord(options) ? options.file : undefined;
    if (typeof file !== 'string') continue;
    try {
      await readServerFile(resolve(baseDirectory, file), file);
    } catch (error) {
      if (!(error instanceof FileProblem)) throw error;
      problems.push({ path: [...path, 'file'], message: error.message });
    }
  }
  return problems;
}
