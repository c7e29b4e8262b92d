import type { JSX } from 'preact';

interface FieldProps {
  readonly label: string;
  readonly value: string;
  readonly onValue: (value: string) => void;
  /** What may be written there. */
  readonly placeholder?: string;
  /** To choose from; without them anything may be written. */
  readonly choices?: readonly string[];
  /** What no choice is called. */
  readonly none?: string;
  readonly required?: boolean;
  /** Whether it takes several lines. */
  readonly lines?: boolean;
}

/** A labelled input. */
export function Field({
  label,
  value,
  onValue,
  placeholder,
  choices,
  none = 'any',
  required,
  lines = false,
}: FieldProps): JSX.Element {
  const written = { value, placeholder, required, autocomplete: 'off', spellcheck: false };
  return (
    <label class="field">
      <span>{label}</span>
      {choices !== undefined ? (
        <select value={value} onChange={(event) => onValue(event.currentTarget.value)}>
          <option value="">{none}</option>
          {choices.map((choice) => (
            <option key={choice}>{choice}</option>
          ))}
        </select>
      ) : lines ? (
        <textarea {...written} rows={2} onInput={(event) => onValue(event.currentTarget.value)} />
      ) : (
        <input {...written} type="text" onInput={(event) => onValue(event.currentTarget.value)} />
      )}
    </label>
  );
}
