import type { ComponentChildren, JSX } from 'preact';
import { useErrorBoundary } from 'preact/hooks';

/** Keeps a defect of one view from taking the page with it: says what it is, and lets it be tried again. */
export function Boundary({ children }: { readonly children: ComponentChildren }): JSX.Element {
  const [error, reset] = useErrorBoundary((defect: unknown) => console.error(defect));
  if (error === undefined) return <>{children}</>;
  return (
    <div class="problem" role="alert">
      <p>
        <strong>This view has a defect</strong> {error instanceof Error ? error.message : String(error)}
      </p>
      <button type="button" onClick={reset}>
        Try again
      </button>
    </div>
  );
}
