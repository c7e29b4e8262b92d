import { ProxyError } from './errors.ts';

/** Keys and indexes that lead from one setting to another. */
export type SettingPath = readonly (string | number)[];

/** Zones, access rules or route matches that cannot work. */
export class PolicyConfigurationError extends ProxyError {
  /** The path of the wrong value, below the part that was compiled (the zones, the rules or the routes). */
  readonly path: SettingPath;

  /** `base` is the part that was compiled, as a path in text: `services.web.access`. */
  constructor(base: string, path: SettingPath, message: string) {
    super('proxy_configuration_error', message, { setting: settingText(base, path) });
    this.path = path;
  }
}

/** `services.web.access[1].deny.servers[0]` */
function settingText(base: string, path: SettingPath): string {
  return path.reduce<string>((text, key) => text + (typeof key === 'number' ? `[${key}]` : `.${key}`), base);
}
