// The scripts that bash, zsh and fish load. They know no command: at each TAB they ask `weft __complete`.

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** The line is cut at blanks: bash's own words end at colons, and MACs, addresses and connection methods are full of them. */
const BASH = `# bash completion for weft
_weft() {
  local line=\${COMP_LINE:0:COMP_POINT} current before kind answer
  local -a words answers
  COMPREPLY=()
  read -ra words <<<"$line"
  if [[ $line == *[[:space:]] ]]; then words+=(""); fi
  mapfile -t answers < <("\${words[0]}" __complete -- "\${words[@]:1}" 2>/dev/null)
  kind=\${answers[0]:-:}
  current=\${words[-1]}
  case $kind in
    :files | :directories)
      compopt -o filenames 2>/dev/null
      if [[ $current == --*=* ]]; then current=\${current#*=}; fi
      if [[ $kind == :files ]]; then mapfile -t COMPREPLY < <(compgen -f -- "$current")
      else mapfile -t COMPREPLY < <(compgen -d -- "$current"); fi
      return ;;
  esac
  before=
  if [[ $COMP_WORDBREAKS == *:* && $current == *:* ]]; then before=\${current%"\${current##*:}"}; fi
  if [[ $COMP_WORDBREAKS == *=* && $current == --*=* && -z $before ]]; then before=\${current%%=*}=; fi
  for answer in "\${answers[@]:1}"; do
    answer=\${answer%%$'\\t'*}
    COMPREPLY+=("\${answer#"$before"}")
  done
}
complete -F _weft weft
`;

const ZSH = `#compdef weft
# zsh completion for weft
_weft() {
  local -a answers described
  local answer
  answers=("\${(@f)$("\${(Q)words[1]}" __complete -- "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null)}")
  case \${answers[1]} in
    :files) compset -P '--*='; _files; return ;;
    :directories) compset -P '--*='; _files -/; return ;;
  esac
  for answer in "\${(@)answers[2,-1]}"; do
    described+=("\${\${answer%%$'\\t'*}//:/\\\\:}:\${answer#*$'\\t'}")
  done
  (( \${#described} )) && _describe -V weft described
}
if [[ \${funcstack[1]} == _weft ]]; then _weft "$@"; else compdef _weft weft; fi
`;

const FISH = `# fish completion for weft
function __weft_complete
    set -l words (commandline -opc)
    set -l answers ($words[1] __complete -- $words[2..-1] (commandline -ct) 2>/dev/null)
    switch "$answers[1]"
        case :files
            __fish_complete_path (commandline -ct | string replace -r '^--[^=]*=' '')
        case :directories
            __fish_complete_directories (commandline -ct | string replace -r '^--[^=]*=' '')
        case '*'
            if test (count $answers) -gt 1
                printf '%s\\n' $answers[2..-1]
            end
    end
end
complete -c weft -f -a '(__weft_complete)'
`;

export function completionScript(shell: Shell): string {
  return { bash: BASH, zsh: ZSH, fish: FISH }[shell];
}
