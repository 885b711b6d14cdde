# SPDX-License-Identifier: Apache-2.0
"""tests/lib/docs.py - the fenced blocks of a page, as a shell script that carries them out; of a man page, its EXAMPLES.

    ```sh        every command must succeed
    ```console   lines after "$ " or "# " are commands, what follows is what they say; "..." stands for anything

A comment in front of a block says what Markdown has no word for:

    <!-- skip: why -->                  shown, but not carried out here
    <!-- on a host: why -->             the same; it needs the kernel's NVMe/TCP
    <!-- sandbox: none -->              anywhere: the page starts its own discoveryd
    <!-- sandbox: --option value -->    anywhere: further options of the discoveryd that runs
"""
import re
import shlex

DIRECTIVE = re.compile(r'<!-- (skip|on a host|sandbox): (.*) -->')


class Block:
    def __init__(self, kind, line, text, why):
        self.kind, self.line, self.text, self.why = kind, line, text, why


class Page:
    def __init__(self, path):
        self.path, self.blocks, self.sandbox = path, [], ''
        (self.parse if path.suffix == '.md' else self.parse_man)(path.read_text().splitlines())

    def parse(self, lines):
        why, begin, kind = None, None, None
        for number, line in enumerate(lines, 1):
            directive = DIRECTIVE.fullmatch(line.strip())
            fence = re.fullmatch(r'( *)```(\w*)', line)
            if begin is not None:
                if line.strip() == '```':
                    self.blocks.append(Block(kind, begin, '\n'.join(lines[begin:number - 1]), why))
                    begin = why = None
            elif directive and directive[1] == 'sandbox':
                self.sandbox = directive[2]
            elif directive:
                why = directive[2]
            elif fence:
                begin, kind = number, fence[2]
            elif line.strip():
                why = None
        assert begin is None, f'{self.path}:{begin}: the block has no end'

    def parse_man(self, lines):
        if '.SH EXAMPLES' in lines:
            begin = lines.index('.nf', lines.index('.SH EXAMPLES')) + 1
            text = '\n'.join(lines[begin:lines.index('.fi', begin)])
            self.blocks.append(Block('sh', begin, man_text(text), None))

    def shown(self):
        """Blocks that are commands."""
        return [b for b in self.blocks if b.kind in ('sh', 'console')]

    def script(self):
        parts = []
        for block in self.shown():
            if not block.why:
                parts.append(f'__line={block.line + 1}')
                parts.append(block.text if block.kind == 'sh' else console(block))
        return '\n'.join(parts) + '\n'


def man_text(text):
    """What a man page's lines say, once formatted: `\\-` is a hyphen, `\\(dq` a quote."""
    return text.replace('\\(dq', '"').replace('\\-', '-').replace('\\e', '\\')


def console(block):
    """Each command with what it is to say: `__console LINE COMMAND EXPECTED`, a function of the sandbox."""
    out, command, said, at = [], None, [], 0
    lines = block.text.splitlines() + ['$ ']
    for number, line in enumerate(lines, block.line + 1):
        if command is not None and command.endswith('\\'):
            command = command[:-1] + line.lstrip('> ')
            continue
        if re.match(r'[$#] ', line):
            if command is not None:
                out.append(f'__console {at} {shlex.quote(command)} {shlex.quote(chr(10).join(said))}')
            command, said, at = line[2:], [], number
        else:
            said.append(line)
    return '\n'.join(out)


def agrees(wanted, said):
    """What a console block shows against what was said: runs of blanks are equal, "..." is anything, also whole lines."""
    pattern = ''
    for line in wanted.strip('\n').split('\n'):
        if line.strip() == '...':
            pattern += r'(?:.*\n)*?'
            continue
        words = [re.escape(word).replace(r'\.\.\.', '.*?') for word in line.split()]
        pattern += r'\s*' + r'[ \t]+'.join(words) + r'[ \t]*\n'
    return re.fullmatch(pattern, said.rstrip('\n') + '\n') is not None
