import { PolicyConfigurationError, type SettingPath } from '../base/configuration-error.ts';

/** Ranges of ports as pairs of first and last: `[80, 80, 8000, 8099]`. */
export type PortSet = Uint16Array;

/** Reads `80`, `"80"` and `"8000-8099"`. Throws {@link PolicyConfigurationError}. */
export function compilePorts(base: string, path: SettingPath, ports: readonly (number | string)[]): PortSet {
  return Uint16Array.from(
    ports.flatMap((port, index) => {
      const [, first, last] = /^([1-9][0-9]{0,4})(?:-([1-9][0-9]{0,4}))?$/.exec(String(port)) ?? [];
      const range = [Number(first), Number(last ?? first)] as const;
      if (range[0] <= range[1] && range[1] <= 65535) return range;
      const message = `"${port}" is not a port from 1 to 65535, nor a range such as "8000-8099".`;
      throw new PolicyConfigurationError(base, [...path, index], message);
    }),
  );
}

export function hasPort(ports: PortSet, port: number): boolean {
  for (let index = 0; index < ports.length; index += 2) {
    if (port >= ports[index]! && port <= ports[index + 1]!) return true;
  }
  return false;
}
