// SPDX-License-Identifier: Apache-2.0
// components/copy.tsx - a command to be run elsewhere.
import { useRef, useState } from 'preact/hooks';

/** Where the clipboard can't be had (a page that isn't local, and without TLS) the text is selected instead. */
async function copy(element: HTMLElement): Promise<string> {
  try {
    await navigator.clipboard.writeText(element.textContent ?? '');
    return 'Copied.';
  } catch {
    getSelection()?.selectAllChildren(element);
    return 'Selected; copy it with Ctrl+C.';
  }
}

export function Command({ text, label }: { text: string; label: string }) {
  const code = useRef<HTMLElement>(null);
  const [said, setSaid] = useState('');
  return (
    <div class="command">
      <code ref={code}>{text}</code>
      <button type="button" aria-label={`Copy: ${label}`} onClick={() => void copy(code.current!).then(setSaid)}>Copy</button>
      <span role="status" class="said">{said}</span>
    </div>
  );
}
