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
}: FieldProps): JSX.Element {
  return (
    <label class="field">
      <span>{label}</span>
      {choices === undefined ? (
        <input
          type="text"
          value={value}
          placeholder={placeholder}
          required={required}
          autocomplete="off"
          spellcheck={false}
          onInput={(event) => onValue(event.currentTarget.value)}
        />
      ) : (
        <select value={value} onChange={(event) => onValue(event.currentTarget.value)}>
          <option value="">{none}</option>
          {choices.map((choice) => (
            <option key={choice}>{choice}</option>
          ))}
        </select>
      )}
    </label>
  );
}
