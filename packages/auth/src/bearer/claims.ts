import type { JWTPayload } from 'jose';

/** The text at a path of claims: `sub`, `realm_access.name`. Claims whose own names have dots in them (`kubernetes.io`) are found, too. */
export function claimText(payload: JWTPayload, path: string): string | undefined {
  const value = valueAt(payload, path);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The texts there: of a list, or one. */
export function claimTexts(payload: JWTPayload, path: string): string[] {
  const value = valueAt(payload, path);
  const all: unknown[] = Array.isArray(value) ? value : [value];
  return all.filter((item): item is string => typeof item === 'string' && item !== '');
}

/** The longest name counts. */
function valueAt(within: unknown, path: string): unknown {
  if (typeof within !== 'object' || within === null) return undefined;
  for (let end = path.length; end > 0; end = path.lastIndexOf('.', end - 1)) {
    const name = path.slice(0, end);
    if (!Object.hasOwn(within, name)) continue;
    const value: unknown = Reflect.get(within, name);
    return end === path.length ? value : valueAt(value, path.slice(end + 1));
  }
  return undefined;
}
