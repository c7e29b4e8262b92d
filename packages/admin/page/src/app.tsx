import type { JSX } from 'preact';
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Cluster } from '../../src/schemas/cluster/members.ts';
import type { Me } from '../../src/schemas/me.ts';
import type { Stats } from '../../src/schemas/stats.ts';
import { type ApiError, ask, token } from './base/api.ts';
import { asApiError, useHashRoute, usePolled } from './base/hooks.ts';
import { type Question, type Viewer, ViewerContext } from './base/session.ts';
import { Header } from './header.tsx';
import { Login } from './login.tsx';
import { Boundary } from './parts/boundary.tsx';
import { Confirm } from './parts/confirm.tsx';
import { ProblemNote } from './parts/problem.tsx';
import { OVERVIEW, VIEWS } from './views.tsx';

/** Milliseconds for which it is shown what has happened. */
const TOLD = 8_000;
/** Milliseconds between two questions whether there is a cluster. */
const SELDOM = 15_000;

/** Finds out who looks, and asks for a token if one is needed. */
export function App(): JSX.Element {
  const [me, setMe] = useState<Me>();
  const [error, setError] = useState<ApiError>();
  const identify = useCallback(async (): Promise<void> => {
    try {
      setMe(await ask<Me>('me'));
      setError(undefined);
    } catch (problem) {
      setMe(undefined);
      setError(asApiError(problem));
    }
  }, []);
  useEffect(() => void identify(), [identify]);
  if (me !== undefined) {
    const forget = (): void => {
      token.forget();
      void identify();
    };
    return <Page me={me} onForget={token.get() === null ? undefined : forget} />;
  }
  if (error?.status === 401 || error?.status === 429) {
    return (
      <main>
        <Login refused={token.get() === null ? undefined : error} onToken={() => void identify()} />
      </main>
    );
  }
  return (
    <main class="alone">
      {error === undefined ? <p>Loading …</p> : <ProblemNote error={error} />}
      {error !== undefined && (
        <button type="button" class="primary" onClick={() => void identify()}>
          Try again
        </button>
      )}
    </main>
  );
}

interface PageProps {
  readonly me: Me;
  readonly onForget: (() => void) | undefined;
}

interface Asked {
  readonly question: Question;
  readonly answer: (yes: boolean) => void;
}

function Page({ me, onForget }: PageProps): JSX.Element {
  const route = useHashRoute();
  const view = VIEWS.find((one) => one.route === route) ?? OVERVIEW;
  const stats = usePolled<Stats>('stats');
  const hasCluster = isShared(usePolled<Cluster>('cluster', SELDOM).answer);
  const [told, setTold] = useState('');
  const [asked, setAsked] = useState<Asked>();
  const heading = useRef<HTMLHeadingElement>(null);
  const viewer = useMemo<Viewer>(
    () => ({
      role: me.role,
      hasCluster,
      tell: setTold,
      confirm: (question) => new Promise((answer) => setAsked({ question, answer })),
    }),
    [me.role, hasCluster],
  );
  useEffect(() => {
    document.title = `${view.title} – Inband`;
  }, [view]);
  // Whoever follows a link goes on reading at what it leads to; not at the first view, which nobody asked for.
  const first = useRef(true);
  useEffect(() => {
    if (!first.current) heading.current?.focus();
    first.current = false;
  }, [view]);
  useEffect(() => {
    if (told === '') return undefined;
    const timer = setTimeout(() => setTold(''), TOLD);
    return () => clearTimeout(timer);
  }, [told]);
  return (
    <ViewerContext.Provider value={viewer}>
      <Header
        me={me}
        stats={stats}
        view={view}
        views={VIEWS.filter(({ ofCluster }) => hasCluster || ofCluster !== true)}
        onForget={onForget}
        onSkip={() => heading.current?.focus()}
      />
      <main>
        <h1 ref={heading} tabIndex={-1}>
          {view.title}
        </h1>
        <Boundary key={view.route}>{view.render(stats)}</Boundary>
      </main>
      <div class="told" role="status">
        {told !== '' && <p>{told}</p>}
      </div>
      {asked !== undefined && (
        <Confirm
          question={asked.question}
          onAnswer={(yes) => {
            asked.answer(yes);
            setAsked(undefined);
          }}
        />
      )}
    </ViewerContext.Provider>
  );
}

/** Whether other machines may be members. */
function isShared(cluster: Cluster | undefined): boolean {
  return cluster !== undefined && (cluster.store.type !== 'memory' || cluster.members.length > 1);
}
