/** By shell. Errors, as of a settings file, go nowhere: they would spoil the line that is being typed. */
export const SCRIPTS = {
  // Bash parts words at "=", "@" and ":", too, and completes what comes after the last of these alone.
  bash: `# bash completion for inband; needs bash 4
_inband() {
  local word line i before rest=$COMP_LINE piece=\${COMP_WORDS[COMP_CWORD]}
  local -a words=()
  COMPREPLY=()
  for (( i = 0; i <= COMP_CWORD; i++ )); do
    word=\${COMP_WORDS[i]}
    if [[ $i == 0 || $rest == [[:space:]]* ]]; then
      rest=\${rest#"\${rest%%[![:space:]]*}"}
      words+=("$word")
    else
      words[\${#words[@]}-1]+=$word
    fi
    rest=\${rest#"$word"}
  done
  [[ $piece == [=@:] ]] && piece=
  before=\${words[\${#words[@]}-1]}
  before=\${before%"$piece"}
  # For the names of hosts the @ is a part of what is replaced.
  shopt -q hostcomplete && before=\${before%@}
  [[ $before == --*=* ]] && before=\${before#*=}
  while IFS= read -r line; do
    if [[ $line == :files ]]; then
      compopt -o default
    else
      line=\${line%%$'\\t'*}
      COMPREPLY+=("\${line#"$before"}")
    fi
  done < <(inband complete -- "\${words[@]:1}" 2>/dev/null)
}
complete -F _inband inband
`,
  zsh: `#compdef inband
_inband() {
  local line files
  local -a candidates
  for line in "\${(@f)$(inband complete -- "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null)}"; do
    if [[ $line == :files ]]; then
      files=yes
    elif [[ $line == *$'\\t'* ]]; then
      candidates+=("\${line%%$'\\t'*}:\${line#*$'\\t'}")
    elif [[ -n $line ]]; then
      candidates+=("\${line//:/\\\\:}")
    fi
  done
  [[ $PREFIX == --*=* ]] && compset -P 1 '*='
  (( $#candidates )) && _describe inband candidates
  [[ -n $files ]] && _files
}
if [[ \${funcstack[1]} == _inband ]]; then
  _inband "$@"
else
  compdef _inband inband
fi
`,
  fish: `# fish completion for inband
function __inband_complete
    set -l words (commandline --cut-at-cursor --current-process --tokenize)
    set -l current (commandline --cut-at-cursor --current-token)
    set -l flag (string match --regex -- '^--[^=]+=' $current)
    for line in (inband complete -- $words[2..] "$current" 2>/dev/null)
        if test $line = :files
            set -l path (string replace -- "$flag" '' $current)
            string replace --regex -- '^' "$flag" (__fish_complete_path "$path")
        else
            printf '%s\\n' "$flag$line"
        end
    end
end
complete --command inband --no-files --arguments '(__inband_complete)'
`,
};
