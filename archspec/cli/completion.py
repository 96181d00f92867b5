"""`archspec completion`: a shell's completion, and what the shells ask while somebody types.

Their scripts call archspec with _ARCHSPEC_COMPLETE set. Bash's and zsh's are our own, since click's leave out files where
there are names, and put a space behind a key that goes on.
"""

from __future__ import annotations

import os

import click
from click.shell_completion import (
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    add_completion_class,
    split_arg_string,
)

from archspec.cli import ASKED, DONE, archspec
from archspec.cli.completed import GOES_ON

BASH = r"""# completion of archspec for bash 4.4 or later; in ~/.bashrc: eval "$(archspec completion bash)"
%(complete_func)s() {
    local item kind value
    local -a found
    COMPREPLY=()
    while IFS= read -r item; do
        kind=${item%%%%,*} value=${item#*,}
        case $kind in
            file|dir)
                mapfile -t found < <(compgen "-${kind:0:1}" -- "$value" | sort)
                COMPREPLY+=("${found[@]}"); compopt -o filenames 2>/dev/null ;;
            key) COMPREPLY+=("$value"); compopt -o nospace 2>/dev/null ;;
            plain) COMPREPLY+=("$value") ;;
        esac
    done < <(COMP_LINE="${COMP_LINE:0:$COMP_POINT}" COMP_BREAKS="$COMP_WORDBREAKS" \
        %(complete_var)s=bash_complete "$1" 2>/dev/null)
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""
ZSH = r"""#compdef %(prog_name)s
# completion of archspec for zsh; in ~/.zshrc, behind compinit: eval "$(archspec completion zsh)"
%(complete_func)s() {
    local kind value about
    local -a response words_alone words_told keys
    response=("${(@f)$(COMP_WORDS="${words[*]}" COMP_CWORD=$((CURRENT-1)) \
        %(complete_var)s=zsh_complete ${words[1]} 2>/dev/null)}")
    for kind value about in ${response}; do
        case $kind in
            file) _path_files -f ;;
            dir) _path_files -/ ;;
            key) keys+=("$value") ;;
            plain) if [[ $about == _ ]]; then words_alone+=("$value"); else words_told+=("$value:$about"); fi ;;
        esac
    done
    (( $#words_told )) && _describe -V unsorted words_told -U
    (( $#words_alone )) && compadd -U -V unsorted -a words_alone
    (( $#keys )) && compadd -U -S '' -V unsorted -a keys
    return 0
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    %(complete_func)s "$@"
else
    compdef %(complete_func)s %(prog_name)s
fi
"""


@add_completion_class
class Bash(ShellComplete):
    """Bash: the line up to the cursor is parted here, since bash parts words at `=` and `:` too."""

    name = "bash"
    source_template = BASH

    def get_completion_args(self) -> tuple[list[str], str]:
        line = os.environ.get("COMP_LINE", "")
        words = split_arg_string(line)[1:]
        self.begun = words.pop() if words and not line[-1:].isspace() else ""
        return words, self.begun

    def format_completion(self, item: CompletionItem[str]) -> str:
        return f"{item.type},{item.value.removeprefix(self._before())}"

    def _before(self) -> str:
        """What of the word that is typed bash takes for words before it."""
        breaks = os.environ.get("COMP_BREAKS", "=:")
        option, equals, value = self.begun.partition("=")
        begun = value if option.startswith("--") and equals else self.begun
        return begun[:max((begun.rfind(sign) for sign in "=:" if sign in breaks), default=-1) + 1]


@add_completion_class
class Zsh(ZshComplete):
    """Zsh: three lines a word, as click's."""

    source_template = ZSH

    def format_completion(self, item: CompletionItem[str]) -> str:
        return f"{item.type}\n{item.value}\n_" if item.type == GOES_ON else super().format_completion(item)


@add_completion_class
class Fish(FishComplete):
    """Fish puts no space behind `=` and `.`, so that a key that goes on is a word as others are."""

    def format_completion(self, item: CompletionItem[str]) -> str:
        item.type = "plain" if item.type == GOES_ON else item.type
        return super().format_completion(item)


SHELLS: dict[str, type[ShellComplete]] = {"bash": Bash, "zsh": Zsh, "fish": Fish}


@click.command()
@click.argument("shell", type=click.Choice([*SHELLS]))
def completion(shell: str) -> int:
    r"""Print the script that makes SHELL complete commands, options, specs, files, blocks and the keys of --set.

    \b
    bash  eval "$(archspec completion bash)"             in ~/.bashrc
    zsh   eval "$(archspec completion zsh)"              in ~/.zshrc, behind compinit
    fish  archspec completion fish > ~/.config/fish/completions/archspec.fish
    """
    click.echo(SHELLS[shell](archspec, {}, "archspec", ASKED).source(), nl=False)
    return DONE
