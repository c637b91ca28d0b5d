import type { Command } from 'commander';

/** A shell that completes duet's command lines. */
export type Shell = 'bash' | 'zsh';

/** The script that completes the command lines of a program: its commands, their options, and the values of options that have a choice. */
export function completionScript(program: Command, shell: Shell): string {
  const name = program.name();
  const commands = commandsOf(program);
  const choices = new Map(
    commands
      .flatMap(({ command }) => command.options)
      .flatMap(({ long, argChoices }): [string, readonly string[]][] =>
        long !== undefined && long !== null && argChoices !== undefined ? [[long, argChoices]] : [],
      ),
  );
  const global = program.options.map(({ long }) => long);
  const words = ({ command }: { command: Command }): string =>
    [...command.commands.map((child) => child.name()), ...command.options.map(({ long }) => long), ...global, '--help']
      .filter((word, at, all) => all.indexOf(word) === at)
      .join(' ');
  return `${shell === 'zsh' ? `autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n` : ''}_${name}() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" command="" longer at words=""
  case "$before" in
${[...choices].map(([option, values]) => `    ${option}) COMPREPLY=($(compgen -W "${values.join(' ')}" -- "$word")); return ;;`).join('\n')}
  esac
  for ((at = 1; at < COMP_CWORD; at++)); do
    longer="\${command:+$command }\${COMP_WORDS[at]}"
    case "$longer" in
      ${commands.flatMap(({ path }) => (path === '' ? [] : [`"${path}"`])).join(' | ')}) command="$longer" ;;
    esac
  done
  case "$command" in
${commands.map((one) => `    "${one.path}") words="${words(one)}" ;;`).join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _${name} ${name}
`;
}

function commandsOf(command: Command, path = ''): { path: string; command: Command }[] {
  return [{ path, command }, ...command.commands.flatMap((child) => commandsOf(child, `${path} ${child.name()}`.trim()))];
}
