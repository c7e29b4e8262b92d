/** Where the values of variables come from: `process.env`. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** The text with its variables replaced, or what is wrong with it. */
export type Substitution = { readonly value: string | number | boolean } | { readonly problem: string };

/** `$${`, a reference, or the beginning of something that is neither. */
const REFERENCE = /\$\$\{|\$\{(?:([A-Za-z_]\w*)(?::([^{}]*))?\})?/g;
const HOW = 'a variable is written "${NAME}" or "${NAME:default}", and "${" itself as "$${"';

/**
 * Replaces `${NAME}` and `${NAME:default}`; `$${` becomes `${`. The default counts where the variable is not set, or empty. A text
 * that is one reference and nothing else becomes a number, true or false if it reads as one; `isText` prevents that. The result
 * is never parsed, so a variable can hold no syntax.
 */
export function substitute(text: string, variables: Variables, isText = false): Substitution {
  if (!text.includes('${')) return { value: text };
  let problem: string | undefined;
  let whole = false;
  const value = text.replace(REFERENCE, (found: string, name: string | undefined, fallback: string | undefined) => {
    if (found === '$${') return '${';
    whole = found === text;
    const result = resolve(name, fallback, variables);
    if ('problem' in result) problem ??= result.problem;
    return 'problem' in result ? '' : result.value;
  });
  if (problem !== undefined) return { problem };
  return { value: whole && !isText ? scalarOf(value) : value };
}

function resolve(
  name: string | undefined,
  fallback: string | undefined,
  variables: Variables,
): { readonly value: string } | { readonly problem: string } {
  if (name === undefined) return { problem: `this is not a variable: ${HOW}.` };
  // As a shell has it. Here the default would begin with a minus.
  if (fallback?.startsWith('-')) {
    return { problem: `a default follows the colon at once; did you mean "\${${name}:${fallback.slice(1)}}"?` };
  }
  const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
  if (fallback !== undefined) return { value: value === undefined || value === '' ? fallback : value };
  if (value !== undefined) return { value };
  return {
    problem: `the environment variable "${name}" is not set, and there is no default; set it, or write "\${${name}:default}".`,
  };
}

function scalarOf(text: string): string | number | boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^-?(?:0|[1-9]\d{0,14})(?:\.\d{1,15})?$/.test(text) ? Number(text) : text;
}
