"""``facetfusion completion``: what a shell needs to complete commands and options with Tab."""

from __future__ import annotations

import argparse

from fusion import cli

#: For bash; zsh reads the same after ``bashcompinit``. What is no option is a path or a name.
_SCRIPT = """\
# eval "$(facetfusion completion)"        in ~/.bashrc, or in ~/.zshrc after:
# autoload -Uz bashcompinit && bashcompinit
_facetfusion() {{
    local word="${{COMP_WORDS[COMP_CWORD]}}" words=""
    if [ "$COMP_CWORD" -eq 1 ]; then
        words="{commands}"
    else
        case "${{COMP_WORDS[1]}}" in
{cases}
        esac
        if [ "$COMP_CWORD" -gt 2 ]; then
            case "${{COMP_WORDS[1]}} ${{COMP_WORDS[2]}}" in
{actions}
            esac
        fi
        case "$word" in -*) ;; *) [ "$COMP_CWORD" -eq 2 ] || words="" ;; esac
    fi
    COMPREPLY=($(compgen -W "$words" -- "$word"))
}}
complete -o bashdefault -o default -F _facetfusion facetfusion"""


def add_completion(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``completion``."""
    parser.description = (
        "Print a script for bash and zsh that completes commands and options with Tab: "
        'eval "$(facetfusion completion)".'
    )
    parser.set_defaults(run=run)


def run(_args: argparse.Namespace) -> int:
    """Run the command; see :func:`add_completion`."""
    cases, actions = [], []
    for name, _, _ in cli.COMMANDS:
        for action, words in cli.words_by_action(name).items():
            said = f'words="{" ".join(words)}" ;;'
            if action:
                actions.append(f'                "{name} {action}") {said}')
            else:
                cases.append(f"            {name}) {said}")
    commands = " ".join(name for name, _, _ in cli.COMMANDS)
    cli.write_lines(
        _SCRIPT.format(commands=commands, cases="\n".join(cases), actions="\n".join(actions))
    )
    return cli.OK
