import type { JSX } from 'preact';
import { clock, relative } from '../base/format.ts';

/** A time: of day, and how far away. */
export function When({ at }: { at: string | number }): JSX.Element {
  return (
    <time dateTime={new Date(at).toISOString()} title={new Date(at).toISOString()}>
      {clock(at)} <span class="muted">{relative(at)}</span>
    </time>
  );
}
