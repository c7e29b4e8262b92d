import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Question } from '../base/session.ts';

interface ConfirmProps {
  readonly question: Question;
  readonly onAnswer: (yes: boolean) => void;
}

/** Asks before something that cannot be taken back. Escape says no, and the focus goes back to where it was. */
export function Confirm({ question, onAnswer }: ConfirmProps): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby="confirm-title"
      aria-describedby="confirm-detail"
      onClose={() => onAnswer(dialog.current?.returnValue === 'yes')}
    >
      <form method="dialog">
        <h2 id="confirm-title">{question.title}</h2>
        <p id="confirm-detail" class="long">
          {question.detail}
        </p>
        <div class="buttons">
          <button value="no">Keep it</button>
          <button value="yes" class="danger">
            {question.action}
          </button>
        </div>
      </form>
    </dialog>
  );
}
