// SPDX-License-Identifier: Apache-2.0
// views/discovery/addform.tsx - the address of another discovery controller, and who is told of it.
import { useState } from 'preact/hooks';
import { Dialog } from '../../components/dialog';
import { Field } from '../../components/field';
import { Form } from '../../components/form';
import { useSubmit } from '../../components/submit';
import { ToldTo, type Hosts } from './toldto';

interface Props {
  title: string;
  verb: string;
  create: (body: { traddr: string; trsvcid: string; nqn?: string; hosts: Hosts }) => Promise<unknown>;
  close: () => void;
}

export function AddForm({ title, verb, create, close }: Props) {
  const submit = useSubmit(['traddr', 'trsvcid', 'nqn', 'hosts']);
  const [given, set] = useState({ traddr: '', trsvcid: '8009', nqn: '' });
  const [hosts, setHosts] = useState<Hosts>(null);
  const text = (key: keyof typeof given, required: boolean, placeholder: string) => (aria: object) => (
    <input {...aria} name={key} required={required} autocomplete="off" spellcheck={false} placeholder={placeholder} value={given[key]}
      onInput={(event) => set({ ...given, [key]: event.currentTarget.value })} />
  );
  const go = () => void submit.run(() => create(
    { traddr: given.traddr.trim(), trsvcid: given.trsvcid.trim(), ...(given.nqn && { nqn: given.nqn.trim() }), hosts }), close);
  return (
    <Dialog title={title} close={close}>
      <Form submit={submit} go={go} verb={verb} close={close}>
        <Field label="Address" error={submit.at('traddr')}>{text('traddr', true, '192.0.2.7')}</Field>
        <Field label="Port" error={submit.at('trsvcid')}>{text('trsvcid', true, '8009')}</Field>
        <Field label="Its NQN (optional)" error={submit.at('nqn')} hint="The well-known discovery NQN when empty.">{text('nqn', false, '')}</Field>
        <ToldTo hosts={hosts} set={setHosts} error={submit.at('hosts')} />
      </Form>
    </Dialog>
  );
}
