/** An instruction of a Dockerfile. */
export interface Instruction {
  /** In capitals. */
  readonly name: string;
  /** What follows it, on one line. */
  readonly text: string;
}

/** A stage: what follows a FROM. */
export interface Stage {
  /** Its name, or its number. */
  readonly name: string;
  readonly image: string;
  readonly instructions: readonly Instruction[];
}

/** Reads a Dockerfile. Knows comments and lines that go on behind a backslash, and no here-documents. */
export function parseDockerfile(text: string): Stage[] {
  const stages: { name: string; image: string; instructions: Instruction[] }[] = [];
  const lines = text.replaceAll(/^\s*#.*\n/gm, '').replaceAll(/\\\n/g, ' ');
  for (const [, name = '', rest = ''] of lines.matchAll(/^\s*([A-Za-z]+)[ \t]+(.*)$/gm)) {
    if (name.toUpperCase() === 'FROM') {
      const [, image = '', as] = /^(\S+)(?:\s+AS\s+(\S+))?$/i.exec(rest.trim()) ?? [];
      stages.push({ name: as ?? String(stages.length), image, instructions: [] });
    } else stages.at(-1)?.instructions.push({ name: name.toUpperCase(), text: rest.trim() });
  }
  return stages;
}

/** The text of the only instruction with this name. */
export function only({ instructions }: Stage, name: string): string {
  const found = instructions.filter((instruction) => instruction.name === name);
  if (found.length !== 1 || found[0] === undefined) throw new Error(`There are ${found.length} of ${name}.`);
  return found[0].text;
}

/** An instruction in the form that no shell reads: `["node", "--eval", "…"]`. */
export function wordsOf(text: string): string[] {
  const value: unknown = JSON.parse(text);
  if (!Array.isArray(value)) throw new Error(`no list of words: ${text}`);
  return value.map(String);
}
