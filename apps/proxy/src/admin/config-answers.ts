import {
  AdminError,
  type AskedBy,
  type AskedChange,
  type ConfigChanged,
  type EffectiveConfig,
  type OverlayFile,
  type OverlayLine,
} from '@inband/admin';
import { isRecord } from '../config/problem/problem.ts';
import type { ConfigSource } from '../config/read/read-source.ts';
import { configSchema } from '../config/schema/schema.ts';
import { redacted } from '../config/schema/secrets-in.ts';
import { overlayText } from '../overlays/overlay-text.ts';
import type { Overlay } from '../overlays/overlays.ts';
import { fileOnlyIn } from './file-only.ts';
import type { AdminOwner } from './owner.ts';

/** The most changes at one time, so that a program that changes again and again is noticed. */
const MOST_OVERLAYS = 32;

/** The configuration that is current, without its secrets. */
export function configAnswer(owner: AdminOwner): EffectiveConfig {
  const { overlays } = owner.changes;
  const { current } = overlays;
  return {
    hash: overlays.hash,
    file: current.file ?? null,
    pushed: overlays.pushed ?? null,
    effective: effectiveOf(owner, current),
    overlays: overlays.all.map((overlay) => lineOf(owner, overlay)),
  };
}

/** What was shown of a configuration, which may be large, while it is current. */
const shownOf = new WeakMap<ConfigSource, Record<string, unknown>>();

function effectiveOf(owner: AdminOwner, source: ConfigSource): Record<string, unknown> {
  const shown = shownOf.get(source) ?? withoutSecrets(owner, source.value);
  shownOf.set(source, shown);
  return shown;
}

/** Puts a change over the configuration. Rejects with a `ConfigError` if the configuration is refused with it. */
export async function changeConfig(
  owner: AdminOwner,
  { patch, lasts, ifMatch, by }: AskedChange & AskedBy,
): Promise<ConfigChanged> {
  const { changes } = owner;
  const forbidden = fileOnlyIn(patch);
  if (forbidden !== undefined) {
    const detail = `"${forbidden}" can be changed in the file only.`;
    throw new AdminError({ status: 422, title: 'This cannot be changed here', detail, setting: forbidden });
  }
  const check = (): void => {
    if (!isMatch(ifMatch, changes.overlays.hash)) {
      throw new AdminError({
        status: 412,
        title: 'The configuration has changed',
        detail: 'GET /config has the new one.',
      });
    }
    if (changes.overlays.all.length < MOST_OVERLAYS) return;
    const detail = `At most ${MOST_OVERLAYS}; take some back, or put them into the file: inband config pull.`;
    throw new AdminError({ status: 409, title: 'There are too many changes', detail });
  };
  const { overlay, reloaded } = await changes.change(patch, { by, lasts, check });
  return changed(owner, overlay, reloaded);
}

/** Takes a change back. */
export async function dropOverlay(
  owner: AdminOwner,
  { id, by }: { readonly id: string } & AskedBy,
): Promise<ConfigChanged> {
  const overlay = overlayWith(owner, id);
  return changed(owner, overlay, await owner.changes.drop(overlay, { admin: by }));
}

/** A change with its secrets, for the file. */
export function overlayAnswer(owner: AdminOwner, { id }: { readonly id: string }): OverlayFile {
  const overlay = overlayWith(owner, id);
  return { patch: overlay.patch, yaml: overlayText(overlay) };
}

function changed(
  owner: AdminOwner,
  overlay: Overlay,
  reloaded: Awaited<ReturnType<AdminOwner['reload']>>,
): ConfigChanged {
  const { generation, alive, added, changed: other, kept, dropped } = reloaded;
  const difference = { added: [...added], changed: [...other], kept: [...kept], dropped: [...dropped] };
  return {
    overlay: lineOf(owner, overlay),
    hash: owner.changes.overlays.hash,
    reloaded: { generation, alive, ...difference },
  };
}

function overlayWith({ changes }: AdminOwner, id: string): Overlay {
  const overlay = changes.overlays.all.find((one) => one.id === id);
  if (overlay !== undefined) return overlay;
  throw new AdminError({
    status: 404,
    title: 'There is no such change',
    detail: `"${id}" has expired, or never was; see /config.`,
  });
}

function lineOf(owner: AdminOwner, { id, patch, by, at, expires }: Overlay): OverlayLine {
  return { id, patch: withoutSecrets(owner, patch), by, at: at.toISOString(), expires: expires.toISOString() };
}

function withoutSecrets(owner: AdminOwner, value: unknown): Record<string, unknown> {
  const shown = redacted(configSchema, value, owner.configured()?.parsed.registry);
  return isRecord(shown) ? shown : {};
}

/** Whether `If-Match` names the configuration (RFC 9110 section 13.1.1). */
function isMatch(ifMatch: string, hash: string): boolean {
  return ifMatch.trim() === '*' || ifMatch.split(',').some((tag) => tag.trim() === `"${hash}"`);
}
