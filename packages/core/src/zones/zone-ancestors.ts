import { parseCidr } from '../base/ip.ts';
import { BUILTIN_ZONES, isBuiltinZone } from './builtin-zones.ts';
import { PolicyConfigurationError } from '../base/configuration-error.ts';

/** Throws {@link PolicyConfigurationError} for a name that a zone of the configuration cannot have. */
export function checkZoneName(name: string): void {
  if (isBuiltinZone(name)) {
    const message = `"${name}" is a built-in zone and cannot be redefined; choose another name.`;
    throw new PolicyConfigurationError('zones', [name], message);
  }
  if (name === '' || parseCidr(name) !== undefined) {
    const message = `A zone cannot be called "${name}": a rule that says so means the address.`;
    throw new PolicyConfigurationError('zones', [name], name === '' ? 'A zone needs a name.' : message);
  }
}

/**
 * Returns the zone and its ancestors, nearest first. Throws {@link PolicyConfigurationError} for an unknown parent and for
 * a circle of parents.
 */
export function withAncestors(
  name: string,
  definitions: ReadonlyMap<string, { readonly parent?: string | undefined }>,
): readonly string[] {
  const names = [name];
  for (let current = name; ;) {
    const parent = definitions.get(current)?.parent;
    if (parent === undefined) return names;
    if (names.includes(parent)) {
      const message = `The zone "${name}" is its own ancestor: ${[...names, parent].join(' → ')}.`;
      throw new PolicyConfigurationError('zones', [name, 'parent'], message);
    }
    names.push(parent);
    if (isBuiltinZone(parent)) return names;
    if (!definitions.has(parent)) {
      const known = [...definitions.keys(), ...BUILTIN_ZONES].join(', ');
      const message = `There is no zone "${parent}"; the zones are ${known}.`;
      throw new PolicyConfigurationError('zones', [current, 'parent'], message);
    }
    current = parent;
  }
}
