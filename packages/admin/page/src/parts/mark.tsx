import type { JSX } from 'preact';

/** How good something is. Each has a shape of its own, because not everybody sees the colours. */
export type Tone = 'good' | 'deny' | 'error' | 'quiet';

const SHAPES: Readonly<Record<Tone, string>> = { good: '●', deny: '◆', error: '▲', quiet: '○' };

/** A state: a shape, and a word. */
export function Mark({ tone, children }: { tone: Tone; children: string }): JSX.Element {
  return (
    <span class={`mark mark-${tone}`}>
      <span aria-hidden="true">{SHAPES[tone]}</span> {children}
    </span>
  );
}
