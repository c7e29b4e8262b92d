import type { ComponentChildren, JSX } from 'preact';
import { useState } from 'preact/hooks';
import { type Role, suffices } from '../../../src/base/roles.ts';
import { asApiError } from '../base/hooks.ts';
import { type Question, useViewer } from '../base/session.ts';

interface ActionProps {
  readonly needs: Role;
  /** Does it, and says what was done. */
  readonly run: () => Promise<string>;
  readonly question?: Question;
  /** For screen readers, where the text alone says too little. */
  readonly label?: string;
  readonly danger?: boolean;
  readonly children: ComponentChildren;
}

/** A button that changes something. Whoever may not press it does not see it. */
export function Action({ needs, run, question, label, danger, children }: ActionProps): JSX.Element | null {
  const viewer = useViewer();
  const [busy, setBusy] = useState(false);
  if (!suffices(viewer.role, needs)) return null;
  const press = async (): Promise<void> => {
    if (question !== undefined && !(await viewer.confirm(question))) return;
    setBusy(true);
    try {
      viewer.tell(await run());
    } catch (error) {
      viewer.tell(asApiError(error).message);
    } finally {
      setBusy(false);
    }
  };
  return (
    <button
      type="button"
      class={danger ? 'danger' : undefined}
      aria-label={label}
      disabled={busy}
      onClick={() => void press()}
    >
      {children}
    </button>
  );
}
