// SPDX-License-Identifier: Apache-2.0
// components/find.tsx - from anywhere to any view, subsystem, host, portal or worker by some letters of its name.
import { useEffect, useMemo, useState } from 'preact/hooks';
import { ALL, api } from '../api/client';
import { usePoll } from '../api/poll';
import { views } from '../views';
import { Dialog } from './dialog';
import { Icon, type IconName } from './icon';
import { useId } from './id';
import { href } from './router';

const SHOWN = 12;

interface Found {
  icon: IconName;
  kind: string;
  name: string;
  /** Found by it too, and shown. */
  more: string;
  link: string;
}

async function load(signal: AbortSignal): Promise<Found[]> {
  const [subsystems, hosts, portals, workers] = await Promise.all([
    api.subsystems(ALL, signal), api.hosts(ALL, signal), api.portals(ALL, signal), api.workers(ALL, signal),
  ]);
  return [
    ...views.map((v): Found => ({ icon: v.icon, kind: 'view', name: v.title, more: '', link: href(v.path) })),
    ...subsystems.items.map((s): Found => ({ icon: 'disks', kind: 'subsystem', name: s.nqn, more: s.label, link: href('subsystems', { nqn: s.nqn }) })),
    ...hosts.items.map((h): Found => ({ icon: 'host', kind: 'host', name: h.name || h.nqn, more: h.name && h.nqn, link: href('hosts', { nqn: h.nqn }) })),
    ...portals.items.map((p): Found => ({ icon: 'chip', kind: 'portal', name: p.id, more: `${p.traddr}, port ${p.trsvcid}`, link: href('workers', { tab: 'portals' }) })),
    ...workers.items.map((w): Found => ({ icon: 'chip', kind: 'worker', name: w.id, more: w.state, link: href('workers') })),
  ];
}

/** Each word has to be somewhere; what begins with the first one, or has it behind a colon, comes first. */
function matches(all: Found[], text: string): Found[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const rank = ({ name }: Found) => (name.toLowerCase().startsWith(words[0] ?? '') || name.toLowerCase().includes(`:${words[0]}`) ? 0 : 1);
  return all.filter((one) => words.every((word) => `${one.kind} ${one.name} ${one.more}`.toLowerCase().includes(word)))
    .sort((a, b) => rank(a) - rank(b)).slice(0, SHOWN);
}

function Finder({ close }: { close: () => void }) {
  const all = usePoll('find', load, { kinds: ['subsystem', 'host', 'portal', 'worker'] }).data;
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const id = useId();
  const found = useMemo(() => matches(all ?? [], text), [all, text]);
  const chosen = Math.min(at, found.length - 1);
  const go = (one: Found | undefined) => {
    if (!one) return;
    close();
    location.hash = one.link;
  };
  const key = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (!step) return;
    event.preventDefault();
    setAt((chosen + step + found.length) % Math.max(1, found.length));
  };
  return (
    <Dialog title="Find" close={close}>
      <form onSubmit={(event) => { event.preventDefault(); go(found[chosen]); }}>
        <input type="search" role="combobox" aria-label="Name" aria-expanded="true" aria-controls={id} aria-autocomplete="list"
          {...(found.length > 0 && { 'aria-activedescendant': `${id}-${chosen}` })} autocomplete="off" spellcheck={false} value={text}
          onKeyDown={key} onInput={(event) => { setText(event.currentTarget.value); setAt(0); }} />
      </form>
      <ul class="found" role="listbox" id={id} aria-label="Found">
        {found.map((one, i) => (
          <li key={one.link + one.name} id={`${id}-${i}`} role="option" aria-selected={i === chosen} onClick={() => go(one)}>
            <Icon name={one.icon} /><span>{one.name} <span class="quiet">{one.more}</span></span><span class="quiet">{one.kind}</span>
          </li>
        ))}
      </ul>
      {all && found.length === 0 && <p class="quiet">Nothing has that in its name.</p>}
    </Dialog>
  );
}

/** Opened by its button, Ctrl+K, or a slash outside of inputs. */
export function Find() {
  const [open, setOpen] = useState(false);
  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      const typing = event.target instanceof Element && event.target.matches('input, select, textarea');
      const asked = (event.key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey)) || (event.key === '/' && !typing);
      if (!asked || document.querySelector('dialog')) return;
      event.preventDefault();
      setOpen(true);
    };
    addEventListener('keydown', key);
    return () => removeEventListener('keydown', key);
  }, []);
  return (
    <>
      <button type="button" class="find" aria-keyshortcuts="Control+K" onClick={() => setOpen(true)}>
        <Icon name="search" /><span>Find</span><kbd aria-hidden="true">Ctrl K</kbd>
      </button>
      {open && <Finder close={() => setOpen(false)} />}
    </>
  );
}
