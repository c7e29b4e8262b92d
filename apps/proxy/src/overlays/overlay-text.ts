import { Document } from 'yaml';
import type { Overlay } from './overlays.ts';

/** An overlay as YAML, to be put into a file. A key that it removes has the value null. */
export function overlayText({ id, patch, by, at, expires }: Overlay): string {
  const document = new Document(patch);
  document.commentBefore =
    ` Overlay ${id} of ${at.toISOString()} by ${by.replace(/[^\x20-\x7e]/g, '?')}, until ${expires.toISOString()}.\n` +
    ' A JSON merge patch (RFC 7396): mappings are merged, null removes a key, everything else replaces.';
  return document.toString({ lineWidth: 0 });
}
