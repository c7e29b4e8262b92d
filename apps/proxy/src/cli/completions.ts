import { COMMANDS, type OptionEntry, OPTIONS, type Shell, takes } from './command-table.ts';

/** The script that completes the command line of the program in a shell. */
export function completions(shell: Shell): string {
  return { bash, zsh, fish }[shell]();
}

const names = COMMANDS.map(({ name }) => name);

function optionsOf(command: string): OptionEntry[] {
  return OPTIONS.filter((option) => takes(command, option));
}

/** Options are words of their own, and files follow those that take one. */
function wordsOf(command: string): string {
  const { words = [] } = COMMANDS.find(({ name }) => name === command) ?? {};
  return [...words, ...optionsOf(command).map(({ name }) => `--${name}`)].join(' ');
}

function bash(): string {
  const valued = OPTIONS.filter(({ value, name }) => value !== undefined && name !== 'config');
  return `# bash completion of inband: source <(inband completions bash)
_inband() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} command=run word
  COMPREPLY=()
  case $previous in
    -c | --config) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    --mode) mapfile -t COMPREPLY < <(compgen -W 'forward reverse' -- "$current"); return ;;
    ${valued
      .filter(({ name }) => name !== 'mode')
      .map(({ name }) => `--${name}`)
      .join(' | ')}) return ;;
  esac
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in
      ${names.join(' | ')}) command=$word; break ;;
    esac
  done
  local words
  case $command in
${names.map((name) => `    ${name}) words='${wordsOf(name)}' ;;`).join('\n')}
  esac
  if [[ $COMP_CWORD -eq 1 ]]; then words="${names.join(' ')} $words"; fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -o filenames -F _inband inband
`;
}

function zsh(): string {
  const commands = COMMANDS.map(({ name, text }) => `    ${quoted(`${name}:${firstSentence(text)}`)}`);
  const cases = COMMANDS.map(({ name, words }) => {
    const options = optionsOf(name).map((option) => `        ${quoted(zshOption(option))}`);
    const first = words === undefined ? [] : [`        '1:shell:(${words.join(' ')})'`];
    return `      ${name}) _arguments \\\n${[...options, ...first].join(' \\\n')} ;;`;
  });
  return `#compdef inband
# zsh completion of inband: source <(inband completions zsh), or as _inband in a folder of fpath.
_inband() {
  local -a commands
  commands=(
${commands.join('\n')}
  )
  local context state state_descr line
  typeset -A opt_args
  _arguments -C ${optionsOf('run')
    .map((option) => quoted(zshOption(option)))
    .join(' ')} '1:command:->command' '*::argument:->argument'
  case $state in
    command) _describe command commands ;;
    argument) case $line[1] in
${cases.join('\n')}
    esac ;;
  esac
}
if [ "$funcstack[1]" = _inband ]; then _inband "$@"; else compdef _inband inband; fi
`;
}

function zshOption({ name, value, text, repeated }: OptionEntry): string {
  const description = firstSentence(text).replaceAll(/[[\]:\\]/g, String.raw`\$&`);
  const completed = name === 'config' ? '_files' : name === 'mode' ? '(forward reverse)' : ' ';
  const rest = value === undefined ? '' : `:${value.replaceAll(':', String.raw`\:`)}:${completed}`;
  return `${repeated === true ? '*' : ''}--${name}[${description}]${rest}`;
}

function fish(): string {
  const isFirst = `not __fish_seen_subcommand_from ${names.join(' ')}`;
  const commands = COMMANDS.map(
    ({ name, text }) => `complete -c inband -f -n ${quoted(isFirst)} -a ${name} -d ${quoted(firstSentence(text))}`,
  );
  const words = COMMANDS.flatMap(({ name, words: known }) =>
    known === undefined
      ? []
      : [`complete -c inband -f -n '__fish_seen_subcommand_from ${name}' -a ${quoted(known.join(' '))}`],
  );
  const options = OPTIONS.map(({ name, short, value, commands: owners, text }) => {
    const always = owners === undefined || owners.includes('run');
    const seen = `__fish_seen_subcommand_from ${(owners ?? []).join(' ')}`;
    const condition = always
      ? owners === undefined
        ? ''
        : ` -n ${quoted(`${isFirst}; or ${seen}`)}`
      : ` -n ${quoted(seen)}`;
    const letter = short === undefined ? '' : ` -s ${short}`;
    const files =
      value === undefined ? '' : name === 'config' ? ' -r -F' : name === 'mode' ? " -x -a 'forward reverse'" : ' -x';
    return `complete -c inband${condition} -l ${name}${letter}${files} -d ${quoted(firstSentence(text))}`;
  });
  return ['# fish completion of inband: inband completions fish | source', ...commands, ...words, ...options, ''].join(
    '\n',
  );
}

function firstSentence(text: string): string {
  return /^.*?[^.…]\.(?= |$)/.exec(text)?.[0].replace(/\.$/, '') ?? text;
}

/** In single quotes, for all three shells: neither the table nor a name has any. */
function quoted(text: string): string {
  if (text.includes("'")) throw new Error(`A quote in ${text}.`);
  return `'${text}'`;
}
