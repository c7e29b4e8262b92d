import type { JSX } from 'preact';
import { useViewer } from '../base/session.ts';

/** An id that can be copied, to be looked for in the log. */
export function Copyable({ text }: { text: string }): JSX.Element {
  const { tell } = useViewer();
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      tell(`${text} is copied.`);
    } catch {
      tell(`The browser does not allow to copy; the text is ${text}`);
    }
  };
  return (
    <button type="button" class="copy" aria-label={`Copy ${text}`} title="Copy" onClick={() => void copy()}>
      <code>{text}</code>
    </button>
  );
}
