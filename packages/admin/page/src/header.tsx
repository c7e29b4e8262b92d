import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Me } from '../../src/schemas/me.ts';
import type { Draining, Reloaded } from '../../src/schemas/operations.ts';
import type { Stats } from '../../src/schemas/stats.ts';
import { ask } from './base/api.ts';
import { duration } from './base/format.ts';
import type { Polled } from './base/hooks.ts';
import { Action } from './parts/action.tsx';
import { Mark } from './parts/mark.tsx';
import type { View } from './views.tsx';

interface HeaderProps {
  readonly me: Me;
  readonly stats: Polled<Stats>;
  readonly view: View;
  /** What the navigation has. */
  readonly views: readonly View[];
  /** Forgets the token; undefined without one. */
  readonly onForget: (() => void) | undefined;
  /** Goes to the content. */
  readonly onSkip: () => void;
}

/** What runs, who looks, what can be done to all of it, and where everything is. */
export function Header({ me, stats, view, views, onForget, onSkip }: HeaderProps): JSX.Element {
  return (
    <header>
      <button type="button" class="skip" onClick={onSkip}>
        Skip to the content
      </button>
      <div class="bar-of-page">
        <p class="brand">
          <strong>Inband</strong> <span class="muted">{stats.answer?.version}</span>
        </p>
        <State stats={stats} />
        <div class="buttons">
          <Action needs="operate" run={reload}>
            Reload
          </Action>
          <Action
            needs="operate"
            danger
            question={{
              title: 'End this proxy?',
              detail: 'It serves what is running to its end, within shutdown.grace, and then the program ends.',
              action: 'Drain and end',
            }}
            run={drain}
          >
            Drain
          </Action>
        </div>
        <p class="who">
          <span class="muted">
            {me.name}, {me.role}
          </span>{' '}
          {onForget !== undefined && (
            <button type="button" onClick={onForget}>
              Sign out
            </button>
          )}
        </p>
      </div>
      <Navigation view={view} views={views} />
    </header>
  );
}

function State({ stats: { answer, error } }: { stats: Polled<Stats> }): JSX.Element {
  if (error !== undefined && error.status === 0) return <Mark tone="error">no answer</Mark>;
  if (answer === undefined) return <Mark tone="quiet">…</Mark>;
  const silent = answer.workers.filter(({ state }) => state !== 'up').length;
  if (silent > 0) return <Mark tone="error">{`${silent} of ${answer.workers.length} silent`}</Mark>;
  return <Mark tone="good">{`up ${duration(answer.uptime)}`}</Mark>;
}

function Navigation({ view, views }: Pick<HeaderProps, 'view' | 'views'>): JSX.Element {
  const [open, setOpen] = useState(false);
  return (
    <nav aria-label="Views">
      <button type="button" class="menu" aria-expanded={open} aria-controls="views" onClick={() => setOpen(!open)}>
        {view.title} <span aria-hidden="true">▾</span>
      </button>
      <ul id="views" class={open ? 'open' : undefined}>
        {views.map(({ route, title }) => (
          <li key={route}>
            <a
              href={`#/${route}`}
              aria-current={route === view.route ? 'page' : undefined}
              onClick={() => setOpen(false)}
            >
              {title}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

async function reload(): Promise<string> {
  const { added, changed, dropped, generation } = await ask<Reloaded>('reload', { method: 'POST' });
  const counts = `${added.length} added, ${changed.length} changed, ${dropped.length} dropped`;
  return added.length + changed.length + dropped.length === 0
    ? 'Reloaded; nothing has changed.'
    : `Reloaded, generation ${generation}: ${counts}.`;
}

async function drain(): Promise<string> {
  const { grace } = await ask<Draining>('drain', { method: 'POST' });
  return `Draining, for ${duration(grace / 1_000)} at most.`;
}
