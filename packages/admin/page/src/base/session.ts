import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Role } from '../../../src/base/roles.ts';

/** Who looks at the page, and what every view can do. */
export interface Viewer {
  readonly role: Role;
  /** Whether other machines share a store with this one. */
  readonly hasCluster: boolean;
  /** Says what has happened, to eyes and screen readers. */
  readonly tell: (text: string) => void;
  /** Asks before something that cannot be taken back. */
  readonly confirm: (question: Question) => Promise<boolean>;
}

export interface Question {
  readonly title: string;
  readonly detail: string;
  /** What the button says that does it. */
  readonly action: string;
}

export const ViewerContext = createContext<Viewer>({
  role: 'read',
  hasCluster: false,
  tell: () => undefined,
  confirm: () => Promise.resolve(false),
});

export function useViewer(): Viewer {
  return useContext(ViewerContext);
}
