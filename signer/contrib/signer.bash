# bash completion of signer: verbs and options come from its own --help, so they are never behind.
_signer() {
    local word=${COMP_WORDS[COMP_CWORD]} verbs=() i list

    for ((i = 1; i < COMP_CWORD && ${#verbs[@]} < 2; i++)); do
        [[ ${COMP_WORDS[i]} == -* ]] && break
        verbs+=("${COMP_WORDS[i]}")
        [[ ${verbs[0]} == repo || ${verbs[0]} == imgtool ]] || break
    done
    if [[ $word == -* ]]; then
        list=$("${COMP_WORDS[0]}" "${verbs[@]}" --help 2>/dev/null | sed -n 's/^ \+\(-[a-zA-Z], \)\?\(--[a-z0-9-]\+\).*/\2/p')
    elif ((COMP_CWORD == ${#verbs[@]} + 1)) && [[ ${#verbs[@]} == 0 || ${#verbs[@]} == 1 && ${verbs[0]} == @(repo|imgtool) ]]; then
        list=$("${COMP_WORDS[0]}" "${verbs[@]}" --help 2>/dev/null | sed -n '/^\(Verbs\|Commands\):$/,/^$/s/^  \([a-z-]\+\) .*/\1/p')
    else
        return # files
    fi
    mapfile -t COMPREPLY < <(compgen -W "$list" -- "$word")
}
complete -o default -F _signer signer
