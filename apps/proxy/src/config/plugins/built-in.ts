import type { Plugin } from '@inband/core';

const builtIn = new WeakSet<Plugin>();

/** Returns the plugin, which is known as one of the program from now on. */
export function noteBuiltIn<Own extends Plugin>(plugin: Own): Own {
  builtIn.add(plugin);
  return plugin;
}

export function isBuiltIn(plugin: Plugin): boolean {
  return builtIn.has(plugin);
}
