import type { Config } from '../config/schema/schema.ts';

/** Where a store is, without who asks it. */
export function storeAddress(written: Config['store']): string {
  if (written?.url === undefined) return (written?.servers ?? []).join(', ');
  const url = new URL(written.url);
  url.username = '';
  url.password = '';
  return url.href;
}
