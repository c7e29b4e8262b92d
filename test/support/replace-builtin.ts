import { syncBuiltinESMExports } from 'node:module';
import { onTestFinished } from 'vitest';

/**
 * Replaces functions of a module of Node.js (its default export) until the test is over, also for whoever has imported them
 * by name.
 */
export function replaceBuiltin<Module extends object>(module: Module, functions: Partial<Module>): void {
  const before = Object.getOwnPropertyDescriptors(module);
  const restored = Object.keys(functions).map((name) => [name, Reflect.get(before, name)] as const);
  Object.assign(module, functions);
  syncBuiltinESMExports();
  onTestFinished(() => {
    Object.defineProperties(module, Object.fromEntries(restored));
    syncBuiltinESMExports();
  });
}
