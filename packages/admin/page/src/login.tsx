import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { type ApiError, token } from './base/api.ts';
import { ProblemNote } from './parts/problem.tsx';

interface LoginProps {
  /** Why the last token was not accepted. */
  readonly refused: ApiError | undefined;
  readonly onToken: () => void;
}

/** Asks for a token. */
export function Login({ refused, onToken }: LoginProps): JSX.Element {
  const [value, setValue] = useState('');
  return (
    <form
      class="login"
      onSubmit={(event) => {
        event.preventDefault();
        token.set(value.trim());
        onToken();
      }}
    >
      <h1>Inband</h1>
      <p>
        This page needs a token. <code>inband admin token NAME --role read</code> makes one, and says what to put into
        the configuration.
      </p>
      {refused !== undefined && <ProblemNote error={refused} />}
      <label class="field">
        <span>Token</span>
        <input
          type="password"
          required
          autocomplete="current-password"
          value={value}
          onInput={(event) => setValue(event.currentTarget.value)}
        />
      </label>
      <button class="primary">Sign in</button>
      <p class="muted">It is kept in this tab, and forgotten when the tab is closed.</p>
    </form>
  );
}
